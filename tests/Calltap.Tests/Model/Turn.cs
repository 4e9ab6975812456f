namespace Calltap.Tests.Model;

/// <summary>What a batch does to a site: each window takes the next turn, for ever.</summary>
enum Turn
{
    MakeCall,
    ModifyCall,
    MakeNop,
}

namespace Calltap.Tests.Model;

/// <summary>The state in the window table.</summary>
enum TableState
{
    Closed,
    HeadsOnly,
    Tails,
}

namespace Calltap.Tests.Model;

/// <summary>Whose byte stands somewhere: of the instruction before the batch, of the one after it, or a breakpoint.</summary>
enum Form
{
    Old,
    New,
    Int3,
}

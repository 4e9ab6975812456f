namespace Calltap.Code.Emit;

/// <summary>
/// The list form's data: for each site a zero-terminated array of qwords, one per op that wants it. The low half says
/// what to do, the high half is the operand.
/// </summary>
public static class OpListLayout
{
    /// <summary>Record an entry event.</summary>
    public const uint Graph = 1;

    /// <summary>Count the call in the counter given by the operand.</summary>
    public const uint Count = 2;

    /// <summary>The qword for an op.</summary>
    public static ulong Entry(uint action, uint operand) => action | (ulong)operand << 32;
}

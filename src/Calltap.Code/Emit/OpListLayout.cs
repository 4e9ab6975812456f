namespace Calltap.Code.Emit;

/// <summary>
/// The list form's data, found by a number that the stub passes (the list's place in qwords): a qword with the entry's
/// site id, then one for each op that wants the site, then 0. Of an op's the low half says what to do, the high half is
/// the operand.
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

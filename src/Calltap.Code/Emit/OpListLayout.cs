namespace Calltap.Code.Emit;

/// <summary>
/// The data of the list form and of the caller that asks the ops: a qword with the site's id, then one for each op, then 0. Of an op's the
/// low half says what to do, the high half is the operand. The list form's stub passes its list's number (its place in qwords), and its list
/// has only ops that want the site; the caller finds a site's list by the site's id, and its list has every op, those that refuse as well.
/// </summary>
public static class OpListLayout
{
    /// <summary>Record an entry event.</summary>
    public const uint Graph = 1;

    /// <summary>Count the call in the counter given by the operand.</summary>
    public const uint Count = 2;

    /// <summary>The op does not want the function.</summary>
    public const uint Refuse = 3;

    /// <summary>Record an exit event.</summary>
    public const uint GraphExit = 4;

    /// <summary>The qword for an op.</summary>
    public static ulong Entry(uint action, uint operand) => action | (ulong)operand << 32;
}

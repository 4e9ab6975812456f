namespace Calltap.Patching;

/// <summary>The stack words that emulating a call or a return needs.</summary>
interface IStackAccess
{
    /// <summary>Reads the qword at <paramref name="address"/>.</summary>
    bool TryRead(TargetAddress address, out ulong value);

    /// <summary>Stores a qword at <paramref name="address"/>.</summary>
    bool TryWrite(TargetAddress address, ulong value);
}

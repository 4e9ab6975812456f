namespace Calltap.Symbols;

/// <summary>An assembly that a .NET runtime has loaded.</summary>
/// <param name="Name">Its simple name.</param>
/// <param name="IsCollectible">Whether it may be unloaded.</param>
internal sealed record RundownAssembly(string Name, bool IsCollectible)
{
    private const uint CollectibleFlag = 8;

    /// <summary>Reads AssemblyDCEnd: its id (read already), its domain's, that of its binding since version 1, flags, its full name.</summary>
    /// <exception cref="ElfFormatException">It is damaged.</exception>
    public static RundownAssembly Read(NettraceCursor payload, int version)
    {
        payload.Skip(version == 0 ? sizeof(ulong) : 2 * sizeof(ulong));
        var flags = payload.UInt32();
        var name = payload.Text();
        var comma = name.IndexOf(',', StringComparison.Ordinal);
        return new(comma < 0 ? name : name[..comma], (flags & CollectibleFlag) != 0);
    }
}

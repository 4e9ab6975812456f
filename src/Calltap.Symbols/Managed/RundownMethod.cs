namespace Calltap.Symbols;

/// <summary>A version of a method: one that the JIT has made, or precompiled code that was called.</summary>
/// <param name="Start">The address of its first byte.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Name">As perf maps give it; null when it can't be read.</param>
/// <param name="IsCollectible">Whether its assembly may be unloaded, or was while the runtime told.</param>
/// <param name="IsJitted">Whether the JIT has made it.</param>
public sealed record RundownMethod(ulong Start, uint Size, ManagedName? Name, bool IsCollectible, bool IsJitted)
{
    private const string Unloader = "System.Reflection.LoaderAllocator"; // and LoaderAllocatorScout: the runtime makes one for each assembly that may be unloaded

    private const uint JittedFlag = 8, ExtentMask = 0xf0000000; // an extent other than 0: what of a method lies elsewhere
    private const int TierShift = 7, TierMask = 7;

    // PrepareCodeConfig::JitOptimizationTier (vm/method.hpp), in the words of perf maps.
    private static readonly string[] s_tiers =
        ["", "MinOptJitted", "Optimized", "QuickJitted", "OptimizedTier1", "OptimizedTier1OSR", "QuickJittedInstrumented", "OptimizedTier1Instrumented"];

    /// <summary>Whether it is called only where assemblies may be unloaded.</summary>
    internal bool Unloads => Name?.Plain.StartsWith(Unloader, StringComparison.Ordinal) == true;

    /// <summary>Reads MethodDCEndVerbose: ids of the method and its module, start, size, token, flags, type, name, signature; null for a part that lies elsewhere.</summary>
    /// <exception cref="ElfFormatException">It is damaged.</exception>
    internal static RundownMethod? Read(NettraceCursor payload, Func<ulong, RundownAssembly?> assemblyOf)
    {
        payload.Skip(sizeof(ulong));
        var assembly = assemblyOf(payload.UInt64());
        var (start, size) = (payload.UInt64(), payload.UInt32());
        payload.Skip(sizeof(uint));
        var flags = payload.UInt32();
        if ((flags & ExtentMask) != 0)
            return null;
        var (type, method, signature) = (payload.Text(), payload.Text(), payload.Text());
        var tier = s_tiers[(flags >> TierShift) & TierMask];
        return new(start, size, ManagedNames.FromRundown(assembly?.Name ?? "", type, method, signature, tier), assembly?.IsCollectible != false, (flags & JittedFlag) != 0);
    }
}

namespace Calltap.Managed;

/// <summary>
/// What a rundown tells (vm/ClrEtwAll.man). Where assemblies are unloaded meanwhile, a runtime asked for <see cref="Jitted"/> may end: so did one of .NET 10 within 8 to 15 of
/// them, while 44 of the others did no harm.
/// </summary>
static class RundownKeywords
{
    /// <summary>Assemblies and modules.</summary>
    public const ulong Loader = 0x8;

    /// <summary>What the JIT has compiled.</summary>
    public const ulong Jitted = 0x10;

    /// <summary>Precompiled methods that were called.</summary>
    public const ulong Precompiled = 0x20;
}

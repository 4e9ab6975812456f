using Calltap.Fuzz.Targets;

namespace Calltap.Fuzz;

/// <summary>All targets.</summary>
static class FuzzTargets
{
    static readonly Dictionary<string, Func<IFuzzTarget>> s_targets = new()
    {
        ["ring"] = () => new RingTarget(),
        ["trace"] = () => new TraceFileTarget(),
        ["elf"] = () => new ElfTarget(),
        ["unwind"] = () => new UnwindTarget(),
        ["maps"] = () => new MapsTarget(),
        ["session"] = () => new SessionTarget(),
        ["demangle"] = () => new DemangleTarget(),
    };

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => s_targets.Keys;

    /// <summary>The target of a name, or null.</summary>
    public static IFuzzTarget? Find(string name) => s_targets.TryGetValue(name, out Func<IFuzzTarget>? make) ? make() : null;
}

using System.Collections.Frozen;

namespace Calltap.Symbols;

/// <summary>Code known by name not to be called as the psABI's functions are.</summary>
internal static class SpecialFunctions
{
    private static readonly FrozenDictionary<string, string> s_names = new Dictionary<string, string>
    {
        ["__restore_rt"] = ExclusionReasons.SignalTrampoline,
        ["__restore"] = ExclusionReasons.SignalTrampoline,
        ["__syscall_cancel_arch"] = ExclusionReasons.CancellationPoint, // glibc 2.41
        ["__syscall_cp_asm"] = ExclusionReasons.CancellationPoint, // musl
        ["mcount"] = ExclusionReasons.SpecialConvention,
        ["_mcount"] = ExclusionReasons.SpecialConvention,
        ["__fentry__"] = ExclusionReasons.SpecialConvention,
        ["__morestack"] = ExclusionReasons.SpecialConvention,
        ["__x86_return_thunk"] = ExclusionReasons.SpecialConvention,
    }.ToFrozenDictionary();

    // Lazy binding and TLS descriptors save what they use because no register is free; retpolines replace an indirect branch.
    private static readonly string[] s_prefixes =
        ["_dl_runtime_resolve", "_dl_runtime_profile", "_dl_tlsdesc_", "__tlsdesc_", "__x86_indirect_", "__llvm_retpoline_"];

    public static string? ReasonFor(Candidate candidate)
    {
        if (candidate.Name is null)
            return null;
        var reason = ReasonFor(candidate.Name);
        for (var i = 0; reason is null && i < candidate.Aliases.Count; i++)
            reason = ReasonFor(candidate.Aliases[i]);
        return reason;
    }

    private static string? ReasonFor(string name)
    {
        if (name[0] is not ('_' or 'm'))
            return null;
        if (s_names.TryGetValue(name, out var reason))
            return reason;
        foreach (var prefix in s_prefixes)
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return ExclusionReasons.SpecialConvention;
        return null;
    }
}

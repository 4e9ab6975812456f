namespace Calltap.Managed;

/// <summary>What the runtime writes of its compiled methods (ipc-protocol.md of dotnet/diagnostics, EnablePerfMap).</summary>
public enum PerfMapKind
{
    /// <summary>Both.</summary>
    All = 1,

    /// <summary>jit-PID.dump, with the code and the methods of precompiled images.</summary>
    JitDump = 2,

    /// <summary>perf-PID.map: a line of text for each compiled method.</summary>
    PerfMap = 3,
}

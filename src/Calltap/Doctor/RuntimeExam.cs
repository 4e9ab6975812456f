using Calltap.Managed;
using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>What a .NET runtime and its other tools mean for tracing its methods. The process is only read.</summary>
static class RuntimeExam
{
    /// <summary>Nothing where there is no runtime.</summary>
    public static IEnumerable<Finding> Examine(TargetProcess target)
    {
        if (DotNetProcess.Find(target.Pid) is null) yield break;
        yield return Finding.Of(".NET debugger", () =>
        {
            AttachChecks.CheckNoDebugger(target);
            return "none";
        });
        yield return Profiler(target);
        yield return PerfMap.IsWritten(target.Pid)
            ? Finding.Ok("perf map", "written already: it is read, and left as it is")
            : Finding.Ok("perf map", "none: it is asked for, and ends with the session");
        int listeners = RuntimeTools.Listeners(target.Pid);
        yield return Finding.Ok("event sessions", listeners == 0 ? "none" : $"connected to its diagnostics socket: {listeners}; they and the tracing of methods go together");
    }

    static Finding Profiler(TargetProcess target)
    {
        if (RuntimeTools.LoadedProfiler(target.Pid, target.ReadMappings()) is { } loaded)
            return Finding.Limited(".NET profiler", $"{loaded} is loaded: it may change methods, which are traced as it has changed them, with what it adds to them");
        return RuntimeTools.AskedProfiler(target.Pid) is { } asked
            ? Finding.Ok(".NET profiler", $"none is loaded, though its environment asks for {(asked.Length > 0 ? asked : "one")}")
            : Finding.Ok(".NET profiler", "none");
    }
}

using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>
/// Whether a process can be attached to: the checks that attaching makes, in its order, each by itself. The process is only read.
/// </summary>
public static class TargetExam
{
    /// <summary>Looks at everything; where attaching would be refused already, not at what only an open process shows.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="analyses">Where analyses of files are kept; null for nowhere.</param>
    public static IReadOnlyList<Finding> Examine(Pid pid, AnalysisCache? analyses)
    {
        Tid live = default;
        ProcStatus? status = null;
        Finding process = Finding.Of("process", () =>
        {
            (live, status) = TargetProcess.FindLiveThread(pid);
            AttachChecks.CheckMemory(pid, status);
            return $"{pid} ({status.Name}), threads: {ProcFiles.Threads(pid).Count}";
        });
        if (process.State == FindingState.Refused || status is null) return [process];
        List<Finding> findings = [process, .. Outside(pid, live, status)];
        if (findings.TrueForAll(finding => finding.State != FindingState.Refused)) findings.AddRange(Inside(pid, analyses));
        findings.AddRange(TargetLimits.Examine(pid, live, status));
        return findings;
    }

    /// <summary>What <see cref="TargetProcess.Open"/> checks.</summary>
    static IEnumerable<Finding> Outside(Pid pid, Tid live, ProcStatus status)
    {
        yield return Finding.Of("tracer", () =>
        {
            AttachChecks.CheckUntraced(pid, status);
            return "none";
        });
        yield return Finding.Of("program", () =>
        {
            AttachChecks.CheckProgram(pid, live, status);
            return "64-bit x86";
        });
        yield return Finding.Of("rights", () =>
        {
            SysResult<Microsoft.Win32.SafeHandles.SafeFileHandle> memory = Descriptors.Open(ProcFiles.Thread(pid, live, "mem"), Descriptors.O_RDWR);
            using (memory.Value)
            {
                if (memory.Errno is Errno.ENOENT or Errno.ESRCH) throw AttachChecks.Ended(pid);
                return memory.Ok ? "its memory can be opened" : throw AttachChecks.NotPermitted(pid, status);
            }
        });
        ProcStatus[] threads = [.. ProcFiles.Threads(pid).Select(tid => ProcFiles.TryReadText(ProcFiles.Thread(pid, tid, "status"))).OfType<string>().Where(text => text.Length > 0).Select(ProcStatus.Parse)];
        yield return Finding.Of("seccomp", () =>
        {
            AttachChecks.CheckSeccomp(pid, threads);
            return "no filter";
        });
        yield return Finding.Of("shadow stack", () =>
        {
            AttachChecks.CheckShadowStack(pid, threads);
            return "none";
        });
    }

    /// <summary>What <see cref="TraceSession.Attach(TargetProcess, FunctionCatalog, TargetHold?, Int3Policy)"/> checks.</summary>
    static List<Finding> Inside(Pid pid, AnalysisCache? analyses)
    {
        TargetProcess? target = null;
        try
        {
            Finding open = Finding.Of("open", () =>
            {
                target = TargetProcess.Open(pid);
                return "";
            });
            return target is null ? [open] : [.. Inside(target, analyses)];
        }
        finally
        {
            target?.Dispose();
        }
    }

    static IEnumerable<Finding> Inside(TargetProcess target, AnalysisCache? analyses)
    {
        yield return Finding.Of("sessions", () =>
        {
            LeftSession.RefuseIfPresent(target);
            HelperPlace.AwaitOrphan(target);
            HelperPlace.RefuseIfBreakpointsStand(target);
            return LeftSession.Find(target) is null ? "none" : "only memory of one that has ended";
        });
        yield return Finding.Of("threads", () =>
        {
            if (target.IsGoAlone) return "a program of Go alone: one thread is looked at when it is attached to";
            ThreadPointers.Verify(target);
            return "every thread is one of glibc's or musl's";
        });
        yield return Finding.Of("state", () =>
        {
            AttachChecks.CheckNotStopped(target);
            return "not stopped";
        });
        yield return Finding.Of("code", () =>
        {
            Gadgets.Find(target, target.ReadMappings());
            return "a system call can be injected";
        });
        foreach (Finding finding in RuntimeExam.Examine(target)) yield return finding;
        yield return Room(target, analyses);
    }

    static Finding Room(TargetProcess target, AnalysisCache? analyses)
    {
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, [], analyses);
        Finding room = Finding.Of("room", () =>
        {
            SessionPlan plan = SessionPlan.For(target, catalog, Int3Policy.Site);
            return $"trampolines for {catalog.Functions.Count(f => f.Plan.Entry is not null)} of the executable's {catalog.Functions.Count} functions fit within 2 GiB ({plan.Arenas.Sum(arena => arena.Size) >> 20} MiB of addresses)";
        });
        return room.State == FindingState.Ok && catalog.Functions.Count == 0
            ? Finding.Limited("room", "the executable has no function that can be armed", "see `calltap functions`, --libs")
            : room;
    }
}

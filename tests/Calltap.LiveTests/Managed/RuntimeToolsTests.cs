using System.Net.Sockets;
using Calltap.Doctor;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Managed;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>Others that look at a .NET runtime: what is told of them, and that attaching agrees.</summary>
[Collection(EngineTests.Name)]
public sealed class RuntimeToolsTests
{
    static readonly ManagedOptions s_little = new() { Threads = 1, Kinds = ["plain"] };

    [Fact]
    public void Alone_nothing_is_found()
    {
        using var program = ManagedProgram.Start(options: s_little);
        Assert.Equal(["none", "none", "none"], ((string[])[".NET debugger", ".NET profiler", "event sessions"]).Select(topic => Of(program, topic).Reason));
        Assert.StartsWith("none: it is asked for", Of(program, "perf map").Reason, StringComparison.Ordinal);
        program.AssertRight();
    }

    /// <summary>As a debugger does: it opens the other ends of the runtime's two pipes.</summary>
    [Fact]
    public void Under_a_debugger_methods_are_refused()
    {
        using var program = ManagedProgram.Start(options: s_little);
        string pipe = $"/tmp/clr-debug-pipe-{program.Pid}-{ProcFiles.StartTime(program.Pid)}-in"; // others are left from earlier processes of that number
        using (FileStream input = new(pipe, FileMode.Open, FileAccess.Write))
        using (FileStream output = new(pipe[..^"in".Length] + "out", FileMode.Open, FileAccess.Read))
        {
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => RuntimeTools.IsDebugged(program.Pid)), "no debugger is seen");
            Finding finding = Of(program, ".NET debugger");
            Assert.Equal(AttachRefusal.AlreadyTraced, finding.Refusal);
            var refused = Assert.Throws<AttachException>(() => TraceSession.Attach(program.Pid, new SessionOptions()));
            Assert.Equal(finding.Line, refused.Message);
            using TraceSession native = TraceSession.Attach(program.Pid, new SessionOptions { Filters = [FunctionFilter.All with { World = FunctionWorld.Native }] });
            native.Detach();
        }
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => !RuntimeTools.IsDebugged(program.Pid)), "it is gone");
        using (TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions())) session.Detach();
        program.AssertRight();
    }

    [Fact]
    public void A_profiler_that_is_not_there_is_told_as_asked_for()
    {
        using var program = ManagedProgram.Start(options: s_little with
        {
            Environment = ["CORECLR_ENABLE_PROFILING=1", "CORECLR_PROFILER={cf0d821e-299b-5307-a3d8-b283c03916dd}", "CORECLR_PROFILER_PATH=/nowhere/profiler.so"],
        });
        Assert.Equal("none is loaded, though its environment asks for /nowhere/profiler.so", Of(program, ".NET profiler").Reason);
        Assert.Empty(Notes(program));
        program.AssertRight();
    }

    /// <summary>By whichever way its library has come.</summary>
    [Fact]
    public void A_loaded_profiler_is_told()
    {
        using var folder = new ScratchFolder();
        string library = folder.File("profiler.so");
        File.WriteAllText(folder.File("profiler.c"), "int DllGetClassObject(void) { return -1; }\n");
        using (var compiler = SpawnedProgram.Start("cc", "-shared", "-fPIC", "-o", library, folder.File("profiler.c")))
            Assert.True(compiler.WaitForExit(TimeSpan.FromSeconds(60)) == 0, compiler.Output);
        using var program = ManagedProgram.Start(options: s_little with { Environment = [$"LD_PRELOAD={library}"] });
        Finding finding = Of(program, ".NET profiler");
        Assert.Equal(FindingState.Limited, finding.State);
        Assert.StartsWith($"{library} is loaded", finding.Reason, StringComparison.Ordinal);
        Assert.Contains(library, Assert.Single(Notes(program)), StringComparison.Ordinal);
        program.AssertRight();
    }

    [Fact]
    public void A_perf_map_in_use_is_told()
    {
        using var program = ManagedProgram.Start(options: s_little with { Environment = ["DOTNET_PerfMapEnabled=3"] });
        Assert.StartsWith("written already", Of(program, "perf map").Reason, StringComparison.Ordinal);
        program.AssertRight();
        File.Delete($"/tmp/perf-{program.Pid}.map");
    }

    /// <summary>Another's session of events goes on while methods are traced, and afterwards.</summary>
    [Fact]
    public void A_listener_of_events_is_told_and_goes_on()
    {
        using var program = ManagedProgram.Start(options: s_little);
        using Socket other = DiagnosticsSocket.Find(program.Pid).BeginEvents(RundownRequest.Payload(0, "Microsoft-Windows-DotNETRuntime", RundownKeywords.Loader | RundownKeywords.Jitted), out _);
        Assert.StartsWith("connected to its diagnostics socket: 1;", Of(program, "event sessions").Reason, StringComparison.Ordinal);
        using (TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions()))
        {
            var op = new Op(OpKind.Count, FunctionFilter.All, "all");
            ArmReport report = session.Add(op);
            Assert.SkipWhen(report.Armed == 0, $"no room near the code at these addresses: {TracedManaged.Refusals(report)}");
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => IsCounted(session, op)), $"nothing is counted; armed {report.Armed} of {report.Wanted}");
            session.Detach();
        }
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => RuntimeTools.Listeners(program.Pid) == 1), "the other alone"); // the runtime closes what we asked by a little later
        other.Dispose();
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => RuntimeTools.Listeners(program.Pid) == 0), "it is gone");
        program.AssertRight();
    }

    /// <summary>Versions that are compiled meanwhile are called in place of those that were armed.</summary>
    static bool IsCounted(TraceSession session, Op op)
    {
        session.FollowModules();
        return session.Counts(op).Values.Any(count => count > 100);
    }

    static Finding Of(ManagedProgram program, string topic) => TargetExam.Examine(program.Pid, null).Single(finding => finding.Topic == topic);

    static IReadOnlyList<string> Notes(ManagedProgram program)
    {
        using TargetProcess target = TargetProcess.Open(program.Pid);
        return FunctionCatalog.Load(target, FunctionScope.Executable, []).Notes;
    }
}

using Calltap.Cli.Demo;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>One run of <c>calltap demo</c>.</summary>
sealed class Demonstration(Terminal terminal)
{
    const int FewestFunctions = 10;
    const int TopFunctions = 10;
    const int TreeLines = 28;
    static readonly TimeSpan s_controlTime = TimeSpan.FromMilliseconds(300);

    /// <summary>How many functions the program has.</summary>
    public int Functions { get; init; }

    /// <summary>How long it is recorded.</summary>
    public int Seconds { get; init; }

    /// <summary>Shows it all.</summary>
    public int Run()
    {
        using var signals = new StopSignals();
        if (Functions is < FewestFunctions or > 99_999) throw CommandException.Usage($"--functions: give {FewestFunctions} to 99999");
        using DemoTarget demo = DemoTarget.Start(Build());
        terminal.Note($"process {demo.Pid} runs: 4 threads call {Texts.Count(Functions)} functions and check every result");
        TimeSpan undisturbed = demo.ControlGap(s_controlTime);
        string path = Path.Combine(Path.GetTempPath(), $"calltap-demo-{demo.Pid}.calltap");
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
            return Trace(demo, file, undisturbed, signals);
        }
        finally
        {
            File.Delete(path);
        }
    }

    string Build()
    {
        using var progress = new ProgressLine(terminal);
        return DemoProgram.Build(CacheFolder.Path, (done, total) =>
        {
            if (terminal.LogIsTerminal || done == total) progress.Show($"calltap: compiling the demo program (once): {done} of {total} files");
        }, Functions);
    }

    int Trace(DemoTarget demo, FileStream file, TimeSpan undisturbed, StopSignals signals)
    {
        TargetProcess target = TargetProcess.Open(demo.Pid);
        FunctionFilter filter = FunctionFilter.Parse([DemoProgram.FunctionGlob], []);
        using TraceSession session = Attach(target, filter);
        using var recorder = new Recorder(session, file, new RecordOptions { Scope = "demo" });
        demo.WatchGaps();
        ArmReport armed = recorder.Add([new Op(OpKind.Graph, filter, $"graph:{DemoProgram.FunctionGlob}")]);
        PrintArming(armed, demo.LongestGap, undisturbed, demo.WrongResults);
        (MonotonicNs start, long callsBefore) = demo.Quiesce(() => recorder.Progress.Events);
        long lost = recorder.Progress.LostEntries;
        signals.Wait(TimeSpan.FromSeconds(Seconds));
        (MonotonicNs end, long callsAfter) = demo.Quiesce(() => recorder.Progress.Events);
        lost = recorder.Progress.LostEntries - lost;
        ArmReport disarmed = recorder.Stop() ?? throw CommandException.Failed("the demo program ended too early");
        demo.Rest(); // reading the trace has nothing to do with the program any more
        TextCheck text = TextCheck.OfExecutable(target);
        bool exact = Show(file, demo.FirstThread, new DemoPhase(start, end, callsAfter - callsBefore, lost));
        return Conclude(disarmed, text, demo.WrongResults, exact);
    }

    static TraceSession Attach(TargetProcess target, FunctionFilter filter)
    {
        try
        {
            return TraceSession.Attach(target, FunctionCatalog.Load(target, FunctionScope.Executable, [filter]), null);
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    void PrintArming(ArmReport armed, TimeSpan stall, TimeSpan undisturbed, long wrong)
    {
        Patching.TrapCounts traps = armed.Batch.Traps;
        TextWriter output = terminal.Out;
        output.WriteLine(
            $"{armed.Armed:N0} sites -> calls in {armed.Batch.Time.TotalMilliseconds:0.0} ms; {traps.Hits:N0} breakpoints hit, {traps.Emulated:N0} emulated, "
            + $"{wrong + traps.Misdirected:N0} misdirected; longest stall {stall.TotalMicroseconds:0} us");
        output.WriteLine(
            $"(without arming, in {s_controlTime.TotalMilliseconds:0} ms: longest stall {undisturbed.TotalMicroseconds:0} us; {traps.Late:N0} breakpoints were gone before they were answered; "
            + $"{armed.Batch.Poked - armed.Armed:N0} exits in the same window)");
        if (armed.Refused.Count > 0) output.WriteLine($"({Texts.Of(armed.Refused.Count, "function")} left out: {armed.Refused[0].Reason})");
        output.Flush();
    }

    bool Show(FileStream file, Tid thread, DemoPhase phase)
    {
        using TraceReader trace = TraceReader.Open(file, "the demo's trace");
        terminal.Out.WriteLine();
        ReportText.Write(ReportOrder.Sorted(ReportBuilder.Build(trace), ReportOrder.Default, TopFunctions), terminal);
        terminal.Out.WriteLine();
        ShowTree(trace, thread);
        var entries = new EntryCount(trace.Catalog, phase.Start, phase.End);
        trace.Read(entries);
        bool exact = entries.Entries + phase.Lost == phase.Called;
        terminal.Out.WriteLine(
            $"called {Texts.Count(phase.Called)}; recorded {Texts.Count(entries.Entries)} + lost {Texts.Count(phase.Lost)}: {(exact ? "exact" : "NOT THE SAME")}");
        return exact;
    }

    void ShowTree(TraceReader trace, Tid thread)
    {
        using var lines = new FirstLines(terminal.Out, TreeLines);
        try
        {
            ReplayWriter.Write(trace, lines, new HashSet<Tid> { thread });
        }
        catch (FirstLines.Taken)
        {
            // That is a piece of it.
        }
        terminal.Out.WriteLine();
    }

    int Conclude(ArmReport disarmed, TextCheck text, long wrong, bool exact)
    {
        terminal.Out.WriteLine($"disarmed in {disarmed.Batch.Time.TotalMilliseconds:0.0} ms; {Texts.Of(wrong, "wrong result")} in all");
        if (disarmed.Unrestored > 0 || text.Different > 0)
            throw CommandException.Failed($"{Texts.Of(text.Different, "byte")} of {Texts.Count(text.Compared.Value)} differ from the program's file");
        terminal.Out.WriteLine($"all bytes restored ({Texts.Count(text.Compared.Value)} bytes of code compared with the file)");
        return wrong == 0 && exact ? ExitCode.Success : ExitCode.Failed;
    }
}

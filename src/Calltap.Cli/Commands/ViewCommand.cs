using System.CommandLine;
using System.Diagnostics;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Cli.View;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap view</c>: a trace in the browser.</summary>
static class ViewCommand
{
    const long MostEvents = 200_000_000; // 3 GB of calls

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The trace." };
        Option<int?> port = OptionParsers.Number("--port", "The port of 127.0.0.1 to serve on. Default: any that is free.", "PORT");
        var stay = new Option<bool>("--no-open") { Description = "Don't open a browser. It is opened only from a terminal on a desktop." };
        var part = new ReadOptions();
        var command = new Command("view", "Show a trace in the browser: a timeline of each thread, flame graphs, functions. Serves a page on this machine until ctrl-C.") { file, port, stay };
        part.AddTo(command);
        command.SetAction(parsed =>
        {
            using TraceFile trace = TraceFile.Open(parsed.GetValue(file)!);
            if (parsed.GetValue(port) > ushort.MaxValue) throw CommandException.Usage($"--port: at most {ushort.MaxValue}");
            TraceView view = Load(trace.Reader, part.Window(parsed, trace.Reader), part.Scope(parsed, trace.Reader.Catalog), terminal);
            int code = trace.Conclude(terminal);
            if (view.Calls == 0) throw CommandException.Nothing("no calls in this trace, or this part of it");
            var page = new ViewPage(view, Path.GetFileName(parsed.GetValue(file)!), [.. Notes(trace.Reader, view)]);
            Serve(page, parsed.GetValue(port) ?? 0, !parsed.GetValue(stay), terminal);
            return code;
        });
        return command;
    }

    static TraceView Load(TraceReader trace, TimeWindow window, CallScope scope, Terminal terminal)
    {
        long events = trace.EventChunks.Where(chunk => window.Overlaps(chunk)).Sum(chunk => (long)chunk.Count);
        if (events > MostEvents)
            throw CommandException.Failed($"{Texts.Of(events, "event")} are too many to hold in memory, {Texts.Count(MostEvents)} are the most: give a part by --from and --to");
        using var progress = new LoadProgress(terminal, events);
        TraceView view = ViewBuilder.Build(trace, window, scope, progress.Add);
        progress.Dispose();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive); // what reading needed beside goes back: the page may be open for days
        using var self = Process.GetCurrentProcess();
        terminal.Note($"{Texts.Of(view.Calls, "call")} of {Texts.Of(view.Lanes.Count, "thread")} in {progress.Elapsed.TotalSeconds:0.0} s, {Texts.Size(new ByteSize(self.WorkingSet64))} of memory");
        return view;
    }

    static void Serve(ViewPage page, int port, bool opens, Terminal terminal)
    {
        using var signals = new StopSignals();
        using var server = new LocalServer(port, page.Answer, failure =>
        {
            lock (terminal) terminal.Error($"a request failed: {failure}");
        });
        terminal.Out.WriteLine(server.Address);
        terminal.Out.Flush();
        lock (terminal) terminal.Note("serving this page to this machine alone until ctrl-C");
        using Browser? browser = opens && terminal.OutIsTerminal && HasDesktop ? Browser.Open(server.Address) : null;
        signals.Wait(Timeout.InfiniteTimeSpan);
    }

    static bool HasDesktop => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DISPLAY")) || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("WAYLAND_DISPLAY"));

    static IEnumerable<string> Notes(TraceReader trace, TraceView view)
    {
        if (trace.Damage is not null) yield return "The file is damaged: each thread was read up to there.";
        else if (!trace.IsComplete) yield return "The file has no end, its recording was cut off: it was read up to the last whole piece.";
        if (!view.Clock.IsCalibrated) yield return "The clock is not known: a nanosecond here is a tick.";
        if (view.Lost > 0) yield return $"{Texts.Of(view.Lost, "event")} were lost: marked red in the timeline.";
        if (view.OrphanExits > 0) yield return $"{Texts.Of(view.OrphanExits, "call")} began before the trace, or their beginning was lost: they are not shown.";
    }
}

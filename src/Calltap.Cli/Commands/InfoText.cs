using System.Globalization;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>A <see cref="TraceInfo"/> for people.</summary>
static class InfoText
{
    const int LabelWidth = 10;

    /// <summary>Prints it: lines first, then a table for each list that is not empty.</summary>
    public static void Write(TraceInfo info, Terminal terminal)
    {
        SessionRecord session = info.Session;
        Line(terminal, "command", $"{session.CommandLine} (pid {session.Target})");
        Line(terminal, "scope", session.Scope.Replace("scope: ", "", StringComparison.Ordinal));
        Line(terminal, "taken", $"{StartOf(session)} on {session.Machine}: {session.CpuModel}, Linux {session.Kernel}; {session.Tool}");
        Line(terminal, "clock", ClockOf(info));
        Line(terminal, "events", EventsOf(info));
        Line(terminal, "functions", $"{Texts.Count(info.Functions)} of {Texts.Of(info.Modules.Count, "module")}");
        Line(terminal, "armed", ArmingOf(info.Arming));
        Line(terminal, "file", $"{(info.IsComplete ? "complete" : "cut off")}: {string.Join(", ", info.Layout.Select(part => $"{part.Type} {Texts.Size(part.Size)} in {part.Chunks}"))}");
        Section(terminal, Processes(info));
        Section(terminal, Threads(info));
        Section(terminal, Modules(info));
    }

    static void Line(Terminal terminal, string label, string text)
    {
        if (text.Length > 0) terminal.Out.WriteLine($"{label.PadRight(LabelWidth)}{text}");
    }

    static void Section(Terminal terminal, TextTable table)
    {
        if (table.Count == 0) return;
        terminal.Out.WriteLine();
        table.Write(terminal);
    }

    static string StartOf(SessionRecord session) => session.StartedUnixNs == 0
        ? "at an unknown time"
        : DateTimeOffset.FromUnixTimeMilliseconds(session.StartedUnixNs / 1_000_000).ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    static string ClockOf(TraceInfo info) => (info.MeasuredTscHz, info.Session.TscHz) switch
    {
        ({ } measured, > 0 and var told) => $"TSC at {measured / 1e9:0.000000} GHz measured, {told / 1e9:0.000000} told",
        ({ } measured, _) => $"TSC at {measured / 1e9:0.000000} GHz measured",
        (null, > 0 and var told) => $"TSC at {told / 1e9:0.000000} GHz told, not measured",
        _ => "not known: a tick of the TSC counts as a nanosecond",
    };

    static string EventsOf(TraceInfo info)
    {
        double bytes = info.Layout.Where(part => part.Type == ChunkType.Events).Sum(part => (double)part.Size.Value);
        string each = info.Events > 0 ? $", {bytes / info.Events:0.00} bytes each" : "";
        string time = info.DurationNs is { } duration ? $" in {Texts.Time(duration)}" : "";
        return $"{Texts.Count(info.Events)}{time}{each}; {Texts.Count(info.Lost)} lost";
    }

    static string ArmingOf(IReadOnlyList<ArmingRecord> arming) => string.Join(", ", arming.GroupBy(batch => batch.Kind).OrderBy(group => group.Key)
        .Select(group => $"{Texts.Of(group.Count(), "batch", "batches")} {group.Key.ToString().ToLowerInvariant()} ({Texts.Of(group.Sum(b => (long)b.Sites), "site")}, {Texts.Of(group.Sum(b => (long)b.Traps), "breakpoint")} hit)"));

    static TextTable Processes(TraceInfo info)
    {
        var table = new TextTable(">pid", ">parent", "name", "command");
        Dictionary<int, ProcessRecord> byId = info.Processes.ToDictionary(process => process.Id);
        foreach (ProcessRecord process in info.Processes)
        {
            string parent = !byId.TryGetValue(process.Parent, out ProcessRecord? before) ? "-" : before.Pid == process.Pid ? "exec" : $"{before.Pid}";
            table.Add($"{process.Pid}", parent, process.Name, process.CommandLine);
        }
        return table;
    }

    static TextTable Threads(TraceInfo info)
    {
        var table = new TextTable(">tid", ">pid", "thread", ">events", ">entries lost", ">exits lost", ">holes");
        foreach (ThreadInfo thread in info.Threads)
            table.Add(
                $"{thread.Tid}", $"{thread.Pid}", thread.Name, Texts.Count(thread.Events), Texts.Count(thread.LostEntries), Texts.Count(thread.LostExits), Texts.Count(thread.Holes));
        return table;
    }

    static TextTable Modules(TraceInfo info)
    {
        var table = new TextTable(">functions", "module", "build-id");
        foreach ((ModuleRecord module, int functions) in info.Modules) table.Add(Texts.Count(functions), module.Path, module.BuildId.Length > 0 ? module.BuildId : "-");
        return table;
    }
}

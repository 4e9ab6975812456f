using System.CommandLine;
using Calltap.Cli.Commands;
using Calltap.Probes;
using Calltap.Trace;

namespace Calltap.Cli.Input;

/// <summary>The options that say which part of a trace is looked at.</summary>
sealed class ReadOptions
{
    readonly Option<TimeSpan?> _from = OptionParsers.Duration("--from", "Only events from this time on, counted from the first event of the trace.");
    readonly Option<TimeSpan?> _to = OptionParsers.Duration("--to", "Only events up to this time, counted from the first event of the trace.");
    readonly Option<string[]> _filter = new("--filter", "-F")
    {
        Description = "Only calls of these functions and what they call: name, name@module or @module, with globs. May be given several times.",
        HelpName = "GLOB",
        Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<int?> _depth = OptionParsers.Number("--depth", "Only so many levels of calls.", "N", "-D");

    /// <summary>Adds the options.</summary>
    public void AddTo(Command command)
    {
        command.Add(_filter);
        command.Add(_depth);
        AddWindowTo(command);
    }

    /// <summary>Adds those of time alone.</summary>
    public void AddWindowTo(Command command)
    {
        command.Add(_from);
        command.Add(_to);
    }

    /// <summary>The window asked for.</summary>
    /// <exception cref="CommandException">It is empty, or begins behind the trace.</exception>
    public TimeWindow Window(ParseResult parsed, TraceReader trace)
    {
        TimeSpan? from = parsed.GetValue(_from), to = parsed.GetValue(_to);
        if (from > to) throw CommandException.Usage("--from is later than --to");
        return WindowOf(trace, from, to) ?? throw CommandException.Nothing("--from is behind the last event of the trace");
    }

    /// <summary>The events between two times counted from the first event; null where the first lies behind the last event.</summary>
    public static TimeWindow? WindowOf(TraceReader trace, TimeSpan? from, TimeSpan? to)
    {
        if (from is null && to is null) return TimeWindow.All;
        ulong start = ulong.MaxValue, end = 0;
        foreach (ChunkEntry chunk in trace.EventChunks)
            (start, end) = (Math.Min(start, chunk.First.Value), Math.Max(end, chunk.Last.Value));
        TscTime? At(TimeSpan? time) =>
            time is { } known ? new TscTime(trace.Catalog.Clock.ToTicks(known.TotalNanoseconds) is var ticks && ticks > ulong.MaxValue - start ? ulong.MaxValue : start + ticks) : null;
        if (At(from) is { } first && first.Value > end) return null;
        return new TimeWindow(At(from) ?? TimeWindow.All.From, At(to) ?? TimeWindow.All.To);
    }

    /// <summary>The calls asked for.</summary>
    /// <exception cref="CommandException">A pattern is none, or matches no function of the trace.</exception>
    public CallScope Scope(ParseResult parsed, TraceCatalog catalog)
    {
        string[] texts = parsed.GetValue(_filter) ?? [];
        int depth = parsed.GetValue(_depth) ?? int.MaxValue;
        return texts.Length == 0 ? new CallScope(maxDepth: depth) : new CallScope(texts.SelectMany(text => Matches(text, catalog)), depth);
    }

    /// <summary>The functions of a trace that a pattern matches.</summary>
    /// <exception cref="CommandException">It is none, or matches none.</exception>
    public static List<FunctionId> Matches(string text, TraceCatalog catalog)
    {
        FunctionPattern pattern = Pattern(text);
        List<FunctionId> matches = [.. catalog.Functions.Values.Where(f => pattern.IsMatch(new FunctionNames(f.DisplayName, [f.Name]), catalog.ModuleOf(f.Id))).Select(f => f.Id)];
        return matches.Count > 0 ? matches : throw CommandException.Nothing($"no function of this trace matches {text}");
    }

    static FunctionPattern Pattern(string text)
    {
        try
        {
            return FunctionPattern.Parse(text);
        }
        catch (FormatException e)
        {
            throw CommandException.Usage(e.Message);
        }
    }
}

using Calltap.Cli.Output;

namespace Calltap.Cli.Commands;

/// <summary>Prints counts at the end, and in between where that is asked for.</summary>
sealed class CountPrinter(Terminal terminal)
{
    const int TopOfInterval = 20;

    CallCounts _before = new([], 0);
    TimeSpan _next;

    /// <summary>How many functions to show; null for the default.</summary>
    public int? Top { get; set; }

    /// <summary>For programs.</summary>
    public bool Json { get; set; }

    /// <summary>What was called since the last time, where it is time to.</summary>
    public void PrintInterval(TimeSpan interval, TimeSpan elapsed, Func<CallCounts> counts)
    {
        if (_next == TimeSpan.Zero) _next = interval;
        if (elapsed < _next) return;
        CallCounts now = counts();
        Print(now.Since(_before), elapsed, Json ? terminal.Log : terminal.Out);
        _before = now;
        _next += interval;
    }

    void Print(CallCounts counts, TimeSpan elapsed, TextWriter output)
    {
        output.WriteLine($"# {elapsed.TotalSeconds:0.0} s: {Texts.Count((long)counts.Total)} calls of {Texts.Of(counts.Functions.Count, "function")}");
        if (Json) return;
        counts.ToTable(Top ?? TopOfInterval).Write(terminal);
        terminal.Out.Flush();
    }

    /// <summary>All that was called.</summary>
    public void Print(CallCounts counts, TimeSpan duration)
    {
        if (Json)
        {
            terminal.Out.Flush();
            counts.WriteJson(terminal.OutStream, duration);
            terminal.Out.WriteLine();
            return;
        }
        counts.ToTable(Top ?? int.MaxValue).Write(terminal);
        terminal.Out.WriteLine($"# {Texts.Count((long)counts.Total)} calls of {Texts.Of(counts.Functions.Count, "function")} in {duration.TotalSeconds:0.00} s");
        if (counts.Uncounted > 0) terminal.Note($"{Texts.Count((long)counts.Uncounted)} calls were not counted: more threads than there is room for");
    }
}

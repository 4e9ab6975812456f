using System.Globalization;
using Calltap.Trace;
using static Calltap.Tests.Trace.TraceSample;

namespace Calltap.Tests.Trace.Export;

/// <summary>Traces to export, and what our own report says of them.</summary>
static class ExportSample
{
    /// <summary>Three threads whose calls all end: other programs must find the same times.</summary>
    public static byte[] Whole { get; } = Write(w =>
    {
        foreach (int seed in new[] { 1, 2, 3 })
        {
            var program = new RandomProgram(seed);
            program.Run(4000);
            w.WriteThreads([new ThreadRecord(new Tid(100 + seed), $"worker {seed}")]);
            w.WriteEvents(new Tid(100 + seed), [.. program.Events]);
        }
    });

    /// <summary>
    /// Everything that is not whole: an exit of a call that began earlier, a call left by an exception, one without patched exits, a loss with a call that was open
    /// at it, a call on a second stack that ends after the first, and calls that are open at the end.
    /// </summary>
    public static byte[] Odd { get; } = Write(w =>
    {
        w.WriteThreads([new ThreadRecord(new Tid(11), "odd")]);
        w.WriteEvents(new Tid(11),
        [
            Exit(1000, "h", 640), Entry(1010, "main", 960), Entry(1020, "f", 640), Entry(1030, "g", 320), Entry(1040, "h", 640), Exit(1050, "h", 640),
            Entry(1060, "leaky", 640), Entry(1070, "g", 320), Exit(1080, "g", 320), Entry(1100, "h", 640), Exit(1110, "h", 640), Entry(1120, "f", 640),
        ]);
        w.WriteLost(new LostRecord(new Tid(11), new TscTime(1500), 3, 2, 1));
        w.WriteEvents(new Tid(11), [Exit(1200, "main", 960), Entry(1210, "f", 640), Entry(1220, "g", 0x4000_0000), Exit(1230, "f", 640), Exit(1240, "g", 0x4000_0000), Entry(1250, "main", 960)]);
        w.WriteEvents(new Tid(12), [Entry(1005, "h", 96), Exit(1300, "h", 96)]);
    });

    /// <summary>An export, and the totals it ends with.</summary>
    public static (byte[] Bytes, ExportTotals Totals) Export(byte[] file, Func<TraceReader, ExportPart, Stream, ExportTotals> write, ExportPart? part = null)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        using var output = new MemoryStream();
        ExportTotals totals = write(reader, part ?? new ExportPart(), output);
        return (output.ToArray(), totals);
    }

    /// <summary>By function name: calls, total and self time of our report; null where a time is not known.</summary>
    public static SortedDictionary<string, (long Calls, long? Total, long? Self)> Report(byte[] file)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        return new(ReportBuilder.Build(reader).Functions.ToDictionary(f => f.Name, f => (f.Calls, f.TotalNs, f.SelfNs)), StringComparer.Ordinal);
    }

    /// <summary>The same from lines of name, calls, total and self separated by tabs; several of one name are added up.</summary>
    public static SortedDictionary<string, (long Calls, long? Total, long? Self)> Parse(string lines)
    {
        var found = new SortedDictionary<string, (long Calls, long? Total, long? Self)>(StringComparer.Ordinal);
        foreach (string[] cells in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')))
        {
            (long calls, long? total, long? self) = found.GetValueOrDefault(cells[0], (0, 0, 0));
            long[] numbers = [.. cells[1..].Select(cell => long.Parse(cell, CultureInfo.InvariantCulture))];
            found[cells[0]] = (calls + numbers[0], total + numbers[1], self + numbers[2]);
        }

        return found;
    }

    /// <summary>A file for a program that wants one.</summary>
    public static T WithFile<T>(byte[] content, Func<string, T> use)
    {
        string path = Path.Combine(Path.GetTempPath(), $"calltap-export-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(path, content);
            return use(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

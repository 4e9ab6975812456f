using System.Globalization;

namespace Calltap.LiveTests.Programs;

/// <summary>What a shapes program wrote about one run: exact counts per thread and function, and a checksum per thread.</summary>
public sealed class ShapesRun
{
    readonly Dictionary<Tid, Dictionary<string, long>> _counts = [];
    readonly List<ulong> _checksums = [];

    ShapesRun()
    {
    }

    /// <summary>Calls by thread and function name; a function that was never called has 0.</summary>
    public IReadOnlyDictionary<Tid, Dictionary<string, long>> Counts => _counts;

    /// <summary>Checksums in the order of the threads' indexes, to be compared between runs.</summary>
    public IReadOnlyList<ulong> Checksums => _checksums;

    /// <summary>Reads lines of thread, function or "checksum", and value, separated by tabs.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FormatException">A line is of another form.</exception>
    public static ShapesRun Parse(string path)
    {
        var run = new ShapesRun();
        foreach (var line in File.ReadLines(path))
        {
            if (line.Split('\t') is not [var tid, var name, var value])
                throw new FormatException($"{path}: expected thread, name, value: {line}");
            run.Add(new Tid(int.Parse(tid, CultureInfo.InvariantCulture)), name, ulong.Parse(value, CultureInfo.InvariantCulture));
        }
        return run;
    }

    void Add(Tid tid, string name, ulong value)
    {
        if (!_counts.TryGetValue(tid, out var counts))
            _counts[tid] = counts = [];
        if (name == "checksum")
            _checksums.Add(value);
        else
            counts[name] = (long)value;
    }
}

using System.Diagnostics;
using System.Globalization;
using Calltap.Cli.Demo;

namespace Calltap.LiveTests.Programs;

/// <summary>Runs the shapes program compiled with -mfentry, whose own count of entries is an outside oracle.</summary>
static class FentryCounts
{
    /// <summary>Entries by function, of those functions that count themselves.</summary>
    /// <param name="threads">How many threads.</param>
    /// <param name="rounds">How many rounds.</param>
    /// <param name="run">What the program says of the same run.</param>
    public static Dictionary<string, long> Run(int threads, int rounds, out ShapesRun run)
    {
        var path = ShapesProgram.Build(BuildCache.Directory, WithFentry, SourceFile.FromResource(typeof(FentryCounts), "fentry.c", "-O2"));
        string own = Path.GetTempFileName(), entries = Path.GetTempFileName();
        try
        {
            using var program = SpawnedProgram.Start("/usr/bin/env", [$"FENTRY_OUTPUT={entries}", path, .. ShapesProgram.RunArguments(threads, rounds, own)]);
            Assert.Equal(0, program.WaitForExit(TimeSpan.FromSeconds(60)));
            run = ShapesRun.Parse(own);
            return ByFunction(entries, Symbols(path));
        }
        finally
        {
            File.Delete(own);
            File.Delete(entries);
        }
    }

    // gcc refuses -pg beside -fomit-frame-pointer, which is its default above -O0 anyway.
    static string WithFentry(string flags) => $"{flags.Replace("-fomit-frame-pointer", "", StringComparison.Ordinal)} -pg -mfentry";

    static Dictionary<string, long> ByFunction(string entries, SortedList<long, string> symbols)
    {
        var starts = symbols.Keys.ToArray();
        var counts = ShapesProgram.Functions.ToDictionary(f => f, _ => 0L);
        foreach (var line in File.ReadLines(entries))
        {
            var fields = line.Split('\t');
            var at = Array.BinarySearch(starts, long.Parse(fields[0], CultureInfo.InvariantCulture));
            var name = symbols.Values[at < 0 ? ~at - 1 : at];
            if (counts.ContainsKey(name))
                counts[name] += long.Parse(fields[1], CultureInfo.InvariantCulture);
        }
        return counts;
    }

    static SortedList<long, string> Symbols(string path)
    {
        using var nm = Process.Start(new ProcessStartInfo("nm", [path]) { RedirectStandardOutput = true })!;
        SortedList<long, string> symbols = [];
        while (nm.StandardOutput.ReadLine() is { } line)
            if (line.Split(' ') is [{ Length: 16 } address, "t" or "T" or "w" or "W", var name])
                symbols[long.Parse(address, NumberStyles.HexNumber, CultureInfo.InvariantCulture)] = name;
        nm.WaitForExit();
        return symbols;
    }
}

using System.Diagnostics;
using Calltap.Modules;

namespace Calltap.Benchmarks;

/// <summary>Reading a file and analysing all of its functions: without a cache, with an empty one, and from a full one.</summary>
static class AnalysisBenchmark
{
    const int WarmUps = 3; // the compiler's second look at the decoder's loops

    /// <summary>Measures one file.</summary>
    public static AnalysisCost Run(string path, int rounds)
    {
        string folder = Directory.CreateTempSubdirectory("calltap-bench-").FullName;
        try
        {
            int functions = 0;
            List<TimeSpan> without = [], empty = [], full = [];
            for (int i = -WarmUps; i < rounds; i++)
            {
                var cache = AnalysisCache.In(Path.Combine(folder, $"{i}"));
                Measure(i, without, null);
                Measure(i, empty, cache);
                Measure(i, full, cache);
                Directory.Delete(Path.Combine(folder, $"{i}"), recursive: true);
            }
            return new AnalysisCost(path, functions, without, empty, full);

            void Measure(int round, List<TimeSpan> times, AnalysisCache? cache)
            {
                GC.Collect();
                long start = Stopwatch.GetTimestamp();
                functions = FunctionCatalog.LoadFile(path, cache).Functions.Count;
                if (round >= 0) times.Add(Stopwatch.GetElapsedTime(start));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

namespace Calltap.Benchmarks;

/// <summary>Where and when a figure was measured: without it a figure says nothing.</summary>
/// <param name="Cpu">Model name.</param>
/// <param name="Cpus">Logical CPUs.</param>
/// <param name="Kernel">Kernel release.</param>
/// <param name="Runtime">.NET version.</param>
/// <param name="Date">UTC, to the minute.</param>
/// <param name="Load">Load average of the last minute at the start: others' work.</param>
/// <param name="Command">The command line's arguments.</param>
sealed record BenchMachine(string Cpu, int Cpus, string Kernel, string Runtime, string Date, string Load, string Command)
{
    /// <summary>Describes this machine, now.</summary>
    public static BenchMachine Describe(string command) => new(
        File.ReadLines("/proc/cpuinfo").First(line => line.StartsWith("model name", StringComparison.Ordinal)).Split(':')[1].Trim(),
        Environment.ProcessorCount,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Environment.Version.ToString(),
        $"{DateTime.UtcNow:yyyy-MM-dd HH:mm}",
        File.ReadAllText("/proc/loadavg").Split(' ')[0],
        command);

    /// <inheritdoc/>
    public override string ToString() => $"{Cpu}, {Cpus} CPUs, Linux {Kernel}, .NET {Runtime}, {Date} UTC, load {Load} at the start; {Command}";
}

using System.Globalization;
using Calltap.Benchmarks;

const int DefaultRounds = 7, ArmingRounds = 5;

List<string> words = [.. args];
string? json = Option("--json");
int? rounds = Option("--rounds") is { } given && int.TryParse(given, out int parsed) && parsed > 0 ? parsed : null;
string only = Option("--only") ?? "";
return words switch
{
    [ManagedTarget.Word, var control] => ManagedTarget.Run(control),
    ["events"] => EventsBenchmark.Run(),
    ["read"] => ReadBenchmark.Run(),
    ["trace", var file, var shape, var events] => ReadBenchmark.WriteTrace(file, shape, long.Parse(events, CultureInfo.InvariantCulture)),
    ["convert", var folder, var trace] => UftraceData.Convert(folder, trace),
    ["target"] => BuildTarget(),
    ["analysis", var file] => Analyze(file),
    ["calls" or "managed" or "arming" or "traps" or "groups" or "remap" or "rate" or "loads" or "all"] => Measure(words[0]),
    _ => Usage(),
};

int Measure(string what)
{
    var machine = BenchMachine.Describe(string.Join(' ', args));
    BenchReport report = new(machine)
    {
        Calls = what is "calls" or "managed" or "all"
            ? CallsBenchmark.Run(rounds ?? DefaultRounds, work => (what != "managed" || work.IsManaged) && work.Name.Contains(only, StringComparison.Ordinal)) : null,
        Arming = what is "arming" or "all" ? ArmingBenchmark.Run(rounds ?? ArmingRounds, new ArmingChoice()) : null,
        Traps = what is "traps" or "all" ? TrapBenchmark.Run(rounds ?? ArmingRounds) : null,
        Groups = what is "groups" or "all" ? GroupBenchmark.Run(rounds ?? ArmingRounds) : null,
        Remap = what is "remap" or "all" ? RemapBenchmark.Run() : null,
        Rate = what is "rate" or "all" ? RateBenchmark.Run() : null,
        Loads = what is "loads" or "all" ? LoadBenchmark.Run(rounds ?? DefaultRounds, name => name.Contains(only, StringComparison.Ordinal)) : null,
    };
    new BenchTables(Console.Out).Write(report);
    if (json is not null) report.WriteJson(json);
    return 0;
}

int Analyze(string file)
{
    BenchReport report = new(BenchMachine.Describe(string.Join(' ', args))) { Analysis = AnalysisBenchmark.Run(Path.GetFullPath(file), rounds ?? DefaultRounds) };
    new BenchTables(Console.Out).Write(report);
    if (json is not null) report.WriteJson(json);
    return 0;
}

// Builds the target and says where it is, so that it can be run by hand.
static int BuildTarget()
{
    string cache = Path.Combine(AppContext.BaseDirectory, "programs");
    Console.WriteLine(BenchTarget.Build(cache, (done, total) => Console.Error.Write($"\rcompiled {done} of {total} files")));
    return 0;
}

string? Option(string name)
{
    int at = words.IndexOf(name);
    if (at < 0 || at + 1 >= words.Count) return null;
    string value = words[at + 1];
    words.RemoveRange(at, 2);
    return value;
}

static int Usage()
{
    Console.Error.WriteLine("usage: Calltap.Benchmarks calls | managed | arming | traps | groups | remap | rate | loads | all  [--rounds N] [--only TEXT] [--json FILE]");
    Console.Error.WriteLine("       Calltap.Benchmarks analysis FILE  [--rounds N] [--json FILE]");
    Console.Error.WriteLine("       Calltap.Benchmarks events | read | target | convert UFTRACE_DATA FILE");
    Console.Error.WriteLine("       Calltap.Benchmarks trace FILE SHAPE EVENTS");
    return 64;
}

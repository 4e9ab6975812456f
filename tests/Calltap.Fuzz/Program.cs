using System.Diagnostics;
using System.Globalization;
using Calltap.Fuzz;
using SharpFuzz;

// calltap-fuzz TARGET [--inputs N] [--seed S] [--first N]   mutations of the seeds and the corpus
// calltap-fuzz TARGET --file PATH...                         these inputs
// calltap-fuzz TARGET --export FOLDER                        the seeds, as files for afl
// calltap-fuzz TARGET --afl                                  for afl-fuzz, with assemblies that sharpfuzz has instrumented
string Option(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : otherwise;
long Number(string name, long otherwise) => long.Parse(Option(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

if (args.Length > 1 && args[1] == "--afl")
{
    IFuzzTarget? made = null; // instrumented code must not run before there is a place for what it counts
    Fuzzer.OutOfProcess.Run(stream =>
    {
        made ??= FuzzTargets.Find(args[0])!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        made.Execute(made.Repair(bytes.ToArray()));
    });
    return 0;
}
if (args.Length == 0 || FuzzTargets.Find(args[0]) is not { } target)
{
    Console.Error.WriteLine($"usage: calltap-fuzz TARGET [--inputs N] [--seed S] [--first N] | --file PATH... | --export FOLDER | --afl; targets: {string.Join(' ', FuzzTargets.Names)}");
    return 64;
}
if (args.Contains("--export"))
{
    DirectoryInfo folder = Directory.CreateDirectory(Option("--export", ""));
    byte[][] inputs = [.. target.MakeSeeds(), .. Corpus.Of(target.Name).Select(input => input.Bytes)];
    for (int i = 0; i < inputs.Length; i++) File.WriteAllBytes(Path.Combine(folder.FullName, $"{i:000}"), inputs[i]);
    return 0;
}
if (args.Contains("--file"))
{
    int bad = 0;
    foreach (string path in args[2..])
    {
        byte[] bytes = File.ReadAllBytes(path);
        foreach (byte[] input in new[] { bytes, target.Repair(bytes) })
            if (InputCheck.Run(target, input) is { } found)
            {
                Console.WriteLine($"{path}: {found.Kind}\n{found.Text}");
                bad++;
                break;
            }
    }
    return bad == 0 ? 0 : 1;
}

long inputs_ = Number("--inputs", 10_000), first = Number("--first", 0);
var run = new FuzzRun(target, (int)Number("--seed", 1));
long start = Stopwatch.GetTimestamp();
string state = Path.Combine(Path.GetTempPath(), $"calltap-fuzz-{target.Name}-{Environment.ProcessId}");
run.Run(first, inputs_, state);
File.Delete(state);
Console.WriteLine($"{target.Name}: {inputs_:N0} inputs from {first:N0} in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s, seed {Option("--seed", "1")}: {run.Faults.Count} faults");
foreach ((string kind, (long number, Fault fault, byte[] input)) in run.Faults)
{
    string file = Path.Combine(Path.GetTempPath(), $"calltap-fuzz-{target.Name}-{number}.bin");
    File.WriteAllBytes(file, input);
    Console.WriteLine($"--- input {number}: {kind}\n{file}\n{fault.Text}");
}
return run.Faults.Count == 0 ? 0 : 1;

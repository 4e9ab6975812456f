using Calltap.Fuzz;
using Xunit;

namespace Calltap.Tests.Fuzz;

/// <summary>Hostile input: the corpus, and some of what the driver makes of it (tests/Calltap.Fuzz makes more).</summary>
public sealed class FuzzTests
{
    static readonly bool s_long = Environment.GetEnvironmentVariable("CALLTAP_LONG") == "1";

    public static TheoryData<string> Targets => [.. FuzzTargets.Names];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_known_input_is_survived(string name)
    {
        IFuzzTarget target = FuzzTargets.Find(name)!;
        (string Name, byte[] Bytes)[] inputs = [.. target.MakeSeeds().Select((bytes, i) => ($"seed {i}", bytes)), .. Corpus.Of(name)];
        Assert.NotEmpty(inputs);
        foreach ((string file, byte[] bytes) in inputs)
        {
            Fault? fault = InputCheck.Run(target, bytes) ?? InputCheck.Run(target, target.Repair(bytes));
            Assert.True(fault is null, $"{name}/{file}: {fault?.Text}");
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Changed_inputs_are_survived(string name)
    {
        var run = new FuzzRun(FuzzTargets.Find(name)!, seed: 7);
        run.Run(0, s_long ? 20_000 : 150, progress: null);
        Assert.True(run.Faults.Count == 0, string.Join('\n', run.Faults.Values.Select(f => $"input {f.Number} of seed 7: {f.Fault.Text}")));
    }

    /// <summary>The positive control: a reader with one fault of each kind, which the driver must find.</summary>
    [Theory]
    [InlineData(BrokenKind.TrustsLength, "ArgumentOutOfRangeException")]
    [InlineData(BrokenKind.TrustsCount, "memory")]
    [InlineData(BrokenKind.NeverEnds, "time")]
    public void A_broken_reader_is_found(BrokenKind broken, string kind)
    {
        var run = new FuzzRun(new BrokenReader(broken), seed: 1);
        bool Found() => run.Faults.Keys.Any(found => found.Contains(kind, StringComparison.Ordinal));
        for (int first = 0; first < 2_000 && !Found(); first += 50) run.Run(first, 50, progress: null);
        Assert.True(Found(), $"found: {string.Join(", ", run.Faults.Keys)}");
    }
}

using System.Diagnostics;
using Calltap.LiveTests.Programs;
using Calltap.Managed;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

public sealed class RundownTests(ITestOutputHelper output)
{
    static readonly ManagedOptions s_storm = new() { Threads = 4, Kinds = ["collectible", "gc"] };

    [Fact]
    public void A_method_has_one_name_whatever_tells_it() => CompareNames(ManagedBuild.Usual);

    [Theory]
    [InlineData("net9.0")]
    public void So_it_has_on_earlier_runtimes(string framework) => CompareNames(new ManagedBuild(framework).OrSkip());

    [Fact]
    public void Where_assemblies_may_be_unloaded_no_perf_map_is_asked_for()
    {
        using var program = ManagedProgram.Start(options: s_storm);
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        Assert.False(File.Exists($"/tmp/perf-{program.Pid}.map"));
        Assert.Contains("can be unloaded", Assert.Single(catalog.Notes), StringComparison.Ordinal);
        Assert.Empty(catalog.Unreadable);
        program.AssertRight();
    }

    /// <summary>.NET 8 can't be asked; who knows better may say so. Where it was asked and has such assemblies, that does not count.</summary>
    [Fact]
    public void Where_the_user_says_that_nothing_is_unloaded_the_runtime_is_asked()
    {
        using var plain = ManagedProgram.Start(new ManagedBuild("net8.0").OrSkip(), new ManagedOptions { Threads = 2, Kinds = ["plain", "gc"] });
        Assert.Equal((0, 1), Compiled(plain, FunctionFilter.All));
        (int bodies, int notes) = Compiled(plain, FunctionFilter.All with { UnloadsNothing = true });
        Assert.True(bodies > 20 && notes == 0, $"{bodies} bodies, {notes} notes");
        plain.AssertRight();
        using var unloading = ManagedProgram.Start(options: s_storm);
        Assert.Equal((0, 1), Compiled(unloading, FunctionFilter.All with { UnloadsNothing = true }));
        unloading.AssertRight();
    }

    static (int Bodies, int Notes) Compiled(ManagedProgram program, FunctionFilter filter)
    {
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, [filter]);
        return (catalog.Functions.Count(f => f.Module.Contents.IsCompiled), catalog.Notes.Count);
    }

    [Fact]
    public void A_program_that_unloads_assemblies_outlives_many_looks()
    {
        using var program = ManagedProgram.Start(options: s_storm);
        for (int i = 0; i < 30; i++)
        {
            using TargetProcess target = TargetProcess.Open(program.Pid);
            FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
            Assert.True(program.IsRunning, $"{i}: {catalog.Notes.Count} {program.Output}");
            Assert.Single(catalog.Notes);
        }
        program.AssertRight();
    }

    void CompareNames(ManagedBuild build)
    {
        using var program = ManagedProgram.Start(build, new ManagedOptions { Threads = 2, Kinds = ["plain", "generics", "async", "iterators", "spans", "tiering", "dynamic"] });
        using TargetProcess target = TargetProcess.Open(program.Pid);
        var watch = Stopwatch.StartNew();
        ManagedRundown rundown = Rundown.Read(program.Pid, RundownKeywords.Loader | RundownKeywords.Jitted | RundownKeywords.Precompiled);
        output.WriteLine($"rundown of {rundown.Methods.Count} methods: {watch.ElapsedMilliseconds} ms");
        Assert.False(rundown.HasCollectible);
        using PerfMap map = PerfMap.Enable(target);
        var named = new Dictionary<ulong, PerfMapLine>();
        foreach (PerfMapLine line in map.ReadNew()) named[line.Start.Value] = line;
        List<RundownMethod> both = [.. rundown.Methods.Where(method => named.TryGetValue(method.Start, out PerfMapLine line) && line.Size == (int)method.Size)];
        List<string> others = [.. both.Select(method => (method, Line: named[method.Start].Text)).Where(pair => pair.method.Name?.Plain != ManagedNames.FromPerfMap(pair.Line)?.Plain) // parameters of nested types have no outer type here
            .Select(pair => $"{pair.method.Name} of {pair.Line}")];
        output.WriteLine($"{both.Count} in both, {others.Count} with other names, {both.Count(method => method.IsCollectible)} of unknown assemblies");
        Assert.True(both.Count > 100, $"{both.Count}");
        Assert.True(others.Count == 0, string.Join('\n', others));
        program.AssertRight();
    }
}

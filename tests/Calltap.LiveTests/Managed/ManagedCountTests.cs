using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Probes;

namespace Calltap.LiveTests.Managed;

/// <summary>Calls of .NET methods under a storm of collections, as the engine counts them and as the program does.</summary>
[Collection(EngineTests.Name)]
public sealed class ManagedCountTests(ITestOutputHelper output)
{
    static readonly Op s_all = new(OpKind.Count, FunctionFilter.All, "all");

    /// <summary>Without tiers no code comes that was not armed: nothing may be missing.</summary>
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net10.0", "DOTNET_gcConcurrent=0")]
    [InlineData("net10.0", "DOTNET_gcServer=1")]
    [InlineData("net10.0", "DOTNET_EnableWriteXorExecute=0")]
    [InlineData("net8.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net9.0", "DOTNET_gcConcurrent=1")]
    public void Counted_is_called(string framework, string variable)
    {
        using var traced = TracedManaged.Start(
            new ManagedBuild(framework).OrSkip(), new ManagedOptions { Environment = [variable, "DOTNET_TieredCompilation=0", .. TracedManaged.MapOf(framework)], Kinds = TracedManaged.SteadyKinds });
        (Dictionary<string, long> missed, Dictionary<string, long> called, int bodies) = Count(traced);
        Assert.True(called.Count > 30, $"only {called.Count} methods are armed whole");
        Assert.DoesNotContain(missed, method => method.Value != 0);
        Assert.True(called.Values.Sum() > 10_000, $"{called.Values.Sum()} calls");
        Assert.True(bodies < 20, $"{bodies} bodies came");
        traced.Program.AssertRight();
    }

    /// <summary>With tiers a body is entered from the moment on that it is published, and armed a moment later.</summary>
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net10.0", "DOTNET_TieredPGO=0")]
    [InlineData("net10.0", "DOTNET_gcServer=1")]
    [InlineData("net10.0", "DOTNET_EnableWriteXorExecute=0")]
    [InlineData("net8.0", "DOTNET_gcConcurrent=1")]
    public void With_tiers_no_more_is_counted_than_called(string framework, string variable)
    {
        using var traced = TracedManaged.Start(
            new ManagedBuild(framework).OrSkip(), new ManagedOptions { Environment = [variable, .. TracedManaged.MapOf(framework)], Kinds = [.. TracedManaged.SteadyKinds, "dynamic", "osr", "late"] });
        traced.Program.BeginLate();
        (Dictionary<string, long> missed, Dictionary<string, long> called, int _) = Count(traced);
        CompiledWaits waits = traced.Session.Catalog.CompiledWaits;
        Assert.DoesNotContain(missed, method => method.Value < 0);
        Assert.True(missed.Values.Sum() < called.Values.Sum() / 4, $"{missed.Values.Sum()} of {called.Values.Sum()} calls were missed");
        if (framework != "net8.0" && TracedManaged.MapsAreServed) Assert.InRange(waits.Held, 10, int.MaxValue); // .NET 8 writes a file here
        traced.Program.AssertRight();
    }

    /// <summary>
    /// With one thread that calls, nobody can call a method while the thread that has compiled it waits: what is missing are calls of methods that were not waited for. More threads
    /// find the code as soon as it is there.
    /// </summary>
    [Theory]
    [InlineData("net10.0", "DOTNET_gcConcurrent=1")]
    [InlineData("net9.0", "DOTNET_gcConcurrent=0")]
    public void Who_compiles_waits_until_it_is_armed(string framework, string variable)
    {
        Assert.SkipUnless(TracedManaged.MapsAreServed, "this kernel, or this user, serves no file systems (fuse)");
        using var traced = TracedManaged.Start(new ManagedBuild(framework).OrSkip(), new ManagedOptions { Threads = 1, Environment = [variable], Kinds = ["plain", "gc", "exceptions", "late"] });
        traced.Program.BeginLate();
        (Dictionary<string, long> missed, Dictionary<string, long> called, int _) = Count(traced);
        CompiledWaits waits = traced.Session.Catalog.CompiledWaits;
        Assert.DoesNotContain(missed, method => method.Value < 0);
        Assert.InRange(waits.Held, 10, int.MaxValue);
        int incomplete = missed.Count(method => method.Value > 0);
        Assert.True(incomplete <= waits.Hurried, $"calls of {incomplete} methods are missing, and {waits.Hurried} bodies were not waited for");
        Assert.True(called.Count(method => missed[method.Key] == 0 && method.Key.Contains(".Late.", StringComparison.Ordinal) && method.Value > 0) >= 10, "10 methods, from their first call on");
        traced.Program.AssertRight();
    }

    /// <summary>Of the methods that are armed whole at the end: the calls that were not counted, and all.</summary>
    (Dictionary<string, long> Missed, Dictionary<string, long> Called, int Bodies) Count(TracedManaged traced)
    {
        ArmReport report = traced.Session.Add(s_all);
        traced.SkipWithoutRoom(report);
        Assert.True(traced.Changed > 30, $"{traced.Changed} bodies have changed; {TracedManaged.Refusals(report)}");
        Dictionary<string, ManagedCalls> before = traced.Calls();
        traced.Session.FollowModules(); // from now on those that compile wait
        traced.Program.Resume(() => traced.Session.FollowModules());
        int bodies = traced.Work(TracedManaged.Usual, traced.Session.FollowModules);
        Dictionary<string, ManagedCalls> after = traced.Calls(traced.Session.FollowModules);
        HashSet<string> armed = traced.Armed();
        string unarmed = traced.Unarmed(after.Keys);
        traced.Session.Detach();
        traced.AssertRestored();
        Dictionary<string, long> counted = traced.Sum(id => (long)traced.Session.Counts(s_all).GetValueOrDefault(id));
        Dictionary<string, long> called = after.Where(method => armed.Contains(method.Key)).ToDictionary(m => m.Key, m => m.Value.Entered - before[m.Key].Entered);
        var missed = called.ToDictionary(m => m.Key, m => m.Value - counted[m.Key]);
        output.WriteLine(
            $"armed {report.Armed} of {report.Wanted} in {report.Batch.Window.TotalMilliseconds:0} ms; {bodies} bodies came, {traced.Session.Catalog.CompiledWaits}; {called.Count} of {after.Count} methods armed whole, called {called.Values.Sum()}, missed {missed.Values.Sum()}: "
            + string.Join(", ", missed.Where(m => m.Value != 0).OrderByDescending(m => m.Value).Take(5).Select(m => $"{m.Key} {m.Value} of {called[m.Key]}")));
        output.WriteLine($"not armed: {unarmed}");
        traced.Program.Resume();
        return (missed, called, bodies);
    }
}

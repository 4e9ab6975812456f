using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>
/// Tracers of a .NET program killed at any moment: it goes on rightly, and another process restores every byte. Without assemblies that are unloaded: a runtime that is asked for its
/// compiled methods meanwhile dies of that alone (docs/dotnet.md).
/// </summary>
[Collection(EngineTests.Name)]
public sealed class ManagedKillTests(ITestOutputHelper output)
{
    readonly Random _random = new(7);

    [Fact]
    public void A_program_outlives_tracers_killed_at_any_moment()
    {
        int kills = LiveTest.Repeat(6, 200), armed = 0;
        using var program = ManagedProgram.Start(options: new ManagedOptions { Kinds = [.. TracedManaged.SteadyKinds, "dynamic", "osr", "late"] });
        program.BeginLate();
        Dictionary<ulong, (string Name, byte[] Bytes)> before = Bodies(program.Pid);
        for (int i = 0; i < kills; i++)
        {
            bool early = i % 6 == 5;
            using (var tracer = new ManagedTracer(program.Pid))
            {
                if (early) tracer.AwaitReady();
                else tracer.AwaitArmed(program);
                Thread.Sleep(_random.Next(early ? 1000 : 600));
                tracer.Kill();
            }
            armed += Restore(program.Pid, i) > 0 ? 1 : 0;
            AssertSame(before, Bodies(program.Pid), i);
            long rounds = program.Rounds;
            Assert.True(Deadline.In(EngineTests.Patience).Poll(() => program.Rounds > rounds + 20 || !program.IsRunning), "it does not work");
            Assert.True(program.IsRunning && program.Wrong == 0, $"after kill {i}: {program.Output}");
        }
        output.WriteLine($"{kills} kills, sites to restore after {armed}; {before.Count} bodies compared");
        Assert.True(armed >= kills / 2, $"sites were armed at {armed} of {kills} kills");
        program.AssertRight();
    }

    /// <summary>What the runtime began to write for a tracer ends when its session is restored.</summary>
    [Fact]
    public void The_map_that_a_killed_tracer_asked_for_ends_with_its_session()
    {
        using var program = ManagedProgram.Start(options: new ManagedOptions { Threads = 2, Kinds = ["plain", "gc"] });
        using (var tracer = new ManagedTracer(program.Pid))
        {
            tracer.AwaitArmed(program);
            Assert.NotEmpty(Maps(program.Pid));
            tracer.Kill();
        }
        using (CliRun detach = CliRun.Run(0, "detach", "-p", $"{program.Pid}")) Assert.Contains("all bytes restored and verified", detach.Output, StringComparison.Ordinal);
        Assert.Empty(Maps(program.Pid));
        Assert.False(File.Exists($"/tmp/perf-{program.Pid}.map"));
        program.AssertRight();
    }

    static int Restore(Pid pid, int number)
    {
        using TargetProcess target = TargetProcess.Open(pid);
        HelperPlace.AwaitOrphan(target);
        if (LeftSession.Find(target) is not { IsDetached: false } left) return 0;
        IReadOnlyList<SiteTableEntry> sites = left.ReadSites();
        int changed = sites.Count(site => site.State != SiteState.Original);
        if (number % 3 == 0) CliRun.Run(0, "detach", "-p", $"{pid}").Dispose();
        else Assert.Empty(left.Restore().Refused);
        Assert.Empty(left.FindUnrestored(sites));
        return changed;
    }

    /// <summary>The perf map that a process has open. One that a tracer serves has no name any more.</summary>
    static IEnumerable<string> Maps(Pid pid) =>
        ProcFiles.Descriptors(pid).Select(ProcFiles.TryReadLink).OfType<string>().Where(link => link == "/" || link.EndsWith($"perf-{pid}.map", StringComparison.Ordinal));

    /// <summary>The bodies that are never freed, by address.</summary>
    static Dictionary<ulong, (string Name, byte[] Bytes)> Bodies(Pid pid)
    {
        using TargetProcess target = TargetProcess.Open(pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        var bodies = new Dictionary<ulong, (string Name, byte[] Bytes)>();
        foreach (TargetFunction body in catalog.Functions.Where(f => f.Module.Contents.IsCompiled && !TracedManaged.MayBeFreed(f)))
        {
            var bytes = new byte[(int)body.Symbol.Size.Value];
            if (target.ReadMemory(body.Address, bytes) == bytes.Length) bodies[body.Address.Value] = (body.Name, bytes);
        }
        return bodies;
    }

    static void AssertSame(Dictionary<ulong, (string Name, byte[] Bytes)> before, Dictionary<ulong, (string Name, byte[] Bytes)> after, int number)
    {
        foreach ((ulong address, (string name, byte[] bytes)) in before)
        {
            (string nameNow, byte[] now) = after.GetValueOrDefault(address, ("nothing", []));
            Assert.True(now.AsSpan().SequenceEqual(bytes), $"after kill {number} {name} at {address:x}, now {nameNow}: {Convert.ToHexString(bytes)}\nnow {Convert.ToHexString(now)}");
        }
    }
}

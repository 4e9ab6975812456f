using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Surroundings;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.LiveTests.Engine;

/// <summary>Libraries in unusual places: loaded twice, never at an address again, in files that only the program sees.</summary>
[Collection(EngineTests.Name)]
public sealed class ModulePlaceTests(ITestOutputHelper output)
{
    const int Calls = 20, OtherCalls = 30;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_is_loaded_twice_is_armed_twice_and_counted_by_itself(bool before)
    {
        using PluginProgram plugins = PluginProgram.Start();
        if (before) LoadBoth(plugins);
        using TraceSession session = plugins.Attach();
        Op op = PluginProgram.OpOf(OpKind.Count);
        session.Add(op);
        if (!before)
        {
            LoadBoth(plugins);
            int armed = 0;
            PluginProgram.Await(session.FollowModules, r => (armed += r.Armed.Sum(a => a.Armed)) == 2 * PluginProgram.FunctionsOfSmall);
        }
        plugins.CallLibrary(Calls);
        plugins.CallOther(OtherCalls);
        plugins.UnloadOther();
        ModuleReport gone = PluginProgram.Await(session.FollowModules, r => r.Gone.Count > 0);
        Assert.Equal(PluginProgram.FunctionsOfSmall, gone.Retired.Count);
        plugins.CallLibrary(Calls);
        plugins.LoadOther();
        ModuleReport back = PluginProgram.Await(session.FollowModules, r => r.Armed.Count > 0);
        Assert.Equal(gone.Gone.Single().Id, back.Armed.Single().Module.Id);
        plugins.CallOther(OtherCalls);
        Assert.Equal(0, session.Detach()!.Unrestored);
        ILookup<ulong, FunctionId> counted = session.Counts(op).ToLookup(c => c.Value, c => c.Key);
        Assert.Equal((PluginProgram.FunctionsOfSmall, PluginProgram.FunctionsOfSmall), (counted[2 * Calls].Count(), counted[2 * OtherCalls].Count()));
        plugins.Program.AssertRight();
    }

    static void LoadBoth(PluginProgram plugins)
    {
        plugins.LoadLibrary();
        plugins.LoadOther();
    }

    /// <summary>What a module has left behind in an arena is not used again: there has to be room for what comes after it.</summary>
    [Fact]
    public void A_library_that_never_comes_to_an_address_again_is_armed_every_time()
    {
        int rounds = LiveTest.Repeat(30, 250);
        using PluginProgram plugins = PluginProgram.Start();
        plugins.AddLarge();
        using TraceSession session = plugins.Attach();
        Op op = PluginProgram.OpOf(OpKind.Count);
        session.Add(op);
        var addresses = new HashSet<TargetAddress>();
        for (int i = 0; i < rounds; i++)
        {
            plugins.LoadLibrary(1);
            ModuleReport report = PluginProgram.Await(session.FollowModules, r => r.Armed.Count > 0);
            Assert.Equal(PluginProgram.FunctionsOfLarge, report.Armed.Single().Armed);
            addresses.Add(report.Armed.Single().Module.Start);
            plugins.CallLibrary(Calls);
            plugins.UnloadLibrary();
            plugins.Occupy(); // for good
            PluginProgram.Await(session.FollowModules, r => r.Gone.Count == 1);
        }
        Assert.Equal(rounds, addresses.Count);
        Assert.Equal(0, session.Detach()!.Unrestored);
        Assert.Equal(4, session.Counts(op).Values.Count(n => n == (ulong)(Calls * rounds)));
        output.WriteLine($"{rounds} loads of {PluginProgram.FunctionsOfLarge} functions, each at another address");
        plugins.Program.AssertRight();
    }

    /// <summary>The path in the maps leads nowhere from here.</summary>
    [Fact]
    public void A_library_that_only_the_mount_namespace_of_the_program_has_is_armed()
    {
        using var folder = new ScratchFolder();
        SurroundedProgram.SkipWithout("unshare", "--mount", "mount", "-t", "tmpfs", "none", folder.Path);
        using PluginProgram plugins = PluginProgram.StartInNamespace(folder.Path);
        using TraceSession session = plugins.Attach();
        Op op = PluginProgram.OpOf(OpKind.Count);
        session.Add(op);
        plugins.LoadLibrary(1);
        ModuleReport report = PluginProgram.Await(session.FollowModules, r => r.Armed.Count > 0);
        Assert.Equal((folder.File("hidden.so"), false), (report.Armed.Single().Module.Path, File.Exists(folder.File("hidden.so"))));
        plugins.CallLibrary(Calls);
        session.Detach();
        Assert.Equal(PluginProgram.FunctionsOfSmall, session.Counts(op).Values.Count(n => n == Calls));
        plugins.Program.AssertRight();
    }
}

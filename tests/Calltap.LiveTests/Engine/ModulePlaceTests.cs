using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Surroundings;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>Libraries in unusual places: loaded twice, never at an address again, in files that only the program sees.</summary>
[Collection(EngineTests.Name)]
public sealed class ModulePlaceTests(ITestOutputHelper output)
{
    const int Calls = 20, OtherCalls = 30;
    const int PlacesInUse = 8; // an eighth of an arena is left behind before anybody looks

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

    /// <summary>What modules have left behind in arenas is used again.</summary>
    [Fact]
    public void A_library_that_never_comes_to_an_address_again_is_armed_every_time()
    {
        int rounds = LiveTest.Repeat(30, 250);
        using PluginProgram plugins = PluginProgram.Start();
        plugins.AddLarge();
        using TraceSession session = plugins.Attach();
        Op op = PluginProgram.OpOf(OpKind.Count);
        session.Add(op);
        HashSet<TargetAddress> addresses = [], places = [];
        for (int i = 0; i < rounds; i++)
        {
            (TargetAddress library, TargetAddress stub) = ComeAndGo(plugins, session);
            addresses.Add(library);
            places.Add(stub);
        }
        Assert.Equal(rounds, addresses.Count);
        Assert.InRange(places.Count, 2, PlacesInUse);
        Assert.Equal(2, ArenasIn(plugins)); // the program's own, and one for all that came
        Assert.Equal(0, session.Detach()!.Unrestored);
        Assert.Equal(4, session.Counts(op).Values.Count(n => n == (ulong)(Calls * rounds)));
        output.WriteLine($"{rounds} loads of {PluginProgram.FunctionsOfLarge} functions, each at another address, their stubs at {places.Count}");
        plugins.Program.AssertRight();
    }

    [Fact]
    public void What_a_thread_may_come_back_to_is_not_used_again()
    {
        const int Rounds = 2 * PlacesInUse;
        using PluginProgram plugins = PluginProgram.Start();
        plugins.AddLarge();
        using TraceSession session = plugins.Attach();
        session.Add(PluginProgram.OpOf(OpKind.Count));
        byte[] stubs = [];
        (_, TargetAddress first) = ComeAndGo(plugins, session, stub =>
        {
            plugins.KeepOnStack(stub.Value);
            stubs = ReadStubs(session, stub);
        });
        for (int i = 0; i < Rounds; i++) Assert.NotEqual(first, ComeAndGo(plugins, session).Stub);
        Assert.Equal(stubs, ReadStubs(session, first));
        plugins.KeepOnStack(0); // the control: now it is
        Assert.Contains(first, Enumerable.Range(0, Rounds).Select(_ => ComeAndGo(plugins, session).Stub));
        Assert.NotEqual(stubs, ReadStubs(session, first));
        Assert.Equal(0, session.Detach()!.Unrestored);
        plugins.Program.AssertRight();
    }

    /// <summary>The large library comes, is armed and called, and goes; its place is taken for good.</summary>
    /// <returns>Where it was, and the lowest of its stubs.</returns>
    static (TargetAddress Library, TargetAddress Stub) ComeAndGo(PluginProgram plugins, TraceSession session, Action<TargetAddress>? armed = null)
    {
        plugins.LoadLibrary(1);
        ModuleArming arming = PluginProgram.Await(session.FollowModules, r => r.Armed.Count > 0).Armed.Single();
        Assert.Equal(PluginProgram.FunctionsOfLarge, arming.Armed);
        plugins.CallLibrary(Calls);
        TargetAddress stub = session.Sites.Values.Where(sites => sites.Function.Module.Id == arming.Module.Id).Min(sites => sites.Entry.Stub!.Start);
        armed?.Invoke(stub);
        plugins.UnloadLibrary();
        plugins.Occupy();
        PluginProgram.Await(session.FollowModules, r => r.Gone.Count == 1);
        return (arming.Module.Start, stub);
    }

    static int ArenasIn(PluginProgram plugins)
    {
        using TargetProcess target = TargetProcess.Open(plugins.Program.Pid);
        return LeftSession.Find(target)!.Remains.Arenas.Count;
    }

    static byte[] ReadStubs(TraceSession session, TargetAddress stub)
    {
        const int Enough = 128 << 10; // of some thousand
        var bytes = new byte[Enough];
        Assert.Equal(bytes.Length, session.Target.ReadMemory(stub, bytes));
        return bytes;
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

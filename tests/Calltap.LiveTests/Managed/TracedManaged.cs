using System.Text.RegularExpressions;
using Calltap.Code;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Managed;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>A session on the program that counts its own calls; what it counts is compared by name, all bodies of a method together.</summary>
sealed partial class TracedManaged : IDisposable
{
    const int Tries = 6;

    static readonly string[] s_freed = ["dynamicClass.", "Managed.Collectible.", "Managed.Tally."];

    readonly List<(TargetFunction Body, byte[] Bytes)> _bodies = [];
    bool _isShared;

    TracedManaged(ManagedProgram program, TraceSession session)
    {
        (Program, Session) = (program, session);
        foreach (TargetFunction body in Compiled) _bodies.Add((body, Read(body)));
    }

    /// <summary>
    /// Starts a program, pauses it and attaches; nothing is armed yet. What .NET reserves beside its code, as much as 256 GB by the collector for servers, leaves no room for trampolines
    /// at some addresses that the kernel draws: then another program is started.
    /// </summary>
    /// <param name="build">Of which framework.</param>
    /// <param name="options">What it does.</param>
    /// <param name="breakpoints">Whether breakpoints may stay at exits that no jump fits at.</param>
    public static TracedManaged Start(ManagedBuild build, ManagedOptions options, bool breakpoints = false)
    {
        for (int tries = 1; ; tries++)
        {
            var program = ManagedProgram.Start(build, options);
            try
            {
                program.Pause();
                return new TracedManaged(program, TraceSession.Attach(program.Pid, new SessionOptions { Filters = [FunctionFilter.All with { AllowsBreakpoints = breakpoints }] }));
            }
            catch (AttachException e) when (e.Message.StartsWith("no free ", StringComparison.Ordinal))
            {
                program.Dispose();
                Assert.SkipWhen(tries == Tries, $"{Tries} programs, one after another: {e.Message}");
            }
            catch
            {
                program.Dispose();
                throw;
            }
        }
    }

    /// <summary>Pauses a program and attaches to it. It stays when this is disposed of.</summary>
    public static TracedManaged Attach(ManagedProgram program)
    {
        program.Pause();
        return new TracedManaged(program, TraceSession.Attach(program.Pid, new SessionOptions())) { _isShared = true };
    }

    /// <summary>Whether perf maps are served here: then who compiles a method waits until it is armed.</summary>
    public static bool MapsAreServed { get; } = TryServe();

    static bool TryServe()
    {
        using var folder = new ScratchFolder();
        using HeldPerfMap? map = HeldPerfMap.TryServe(folder.File("perf.map"), new Pid(Environment.ProcessId));
        return map is not null;
    }

    /// <summary>How long the program works between two looks at its counts.</summary>
    public static TimeSpan Usual => TimeSpan.FromSeconds(LiveTest.Repeat(1, 10));

    /// <summary>What becomes new code all the time: no count of calls can be whole.</summary>
    public static IReadOnlyList<string> SteadyKinds { get; } = ["plain", "gc", "exceptions", "nre", "recursion", "tail", "generics", "dispatch", "spans", "async", "iterators", "tiering", "native"];

    /// <summary>.NET 8 can't say whether it has assemblies that may be unloaded: its compiled methods are traced where its environment has it write a perf map.</summary>
    public static IReadOnlyList<string> MapOf(string framework) => framework == "net8.0" ? ["DOTNET_PerfMapEnabled=3"] : [];

    /// <summary>How many exits have a breakpoint that stays.</summary>
    public int Breakpoints => Compiled.SelectMany(body => body.Plan.Exits).Count(exit => exit.Class == SiteClass.Breakpoint);

    /// <summary>Why functions were not armed, each reason with how often.</summary>
    public static string Refusals(ArmReport report) => string.Join("; ", report.Refused.GroupBy(r => r.Reason).Select(group => $"{group.Count()} {group.Key}"));

    /// <summary>At some of the addresses that the kernel draws there is next to no room for stubs: nothing can be counted then.</summary>
    public void SkipWithoutRoom(ArmReport report) =>
        Assert.SkipWhen(Changed <= 30 && report.Refused.Any(r => r.Reason == RefusalReason.ArenaFull.Text()), $"no room near the code at these addresses: {Refusals(report)}");

    public ManagedProgram Program { get; }

    public TraceSession Session { get; }

    /// <summary>Bodies that the runtime has compiled.</summary>
    public IEnumerable<TargetFunction> Compiled => Session.Catalog.Functions.Where(f => f.Module.Contents.IsCompiled);

    /// <summary>A method's name without parameters, and without counts of type parameters.</summary>
    public static string NameOf(TargetFunction body) => body.Names.Symbols[^1];

    /// <summary>What the program has counted, by the names of <see cref="NameOf"/>.</summary>
    public Dictionary<string, ManagedCalls> Calls(Func<ModuleReport?>? follow = null) => Program.Pause(() => follow?.Invoke()).ToDictionary(method => Arity().Replace(method.Key, ""), method => method.Value);

    /// <summary>Lets the program work for a while. What it compiles is armed as it comes.</summary>
    /// <param name="time">How long.</param>
    /// <param name="follow">What arms it.</param>
    /// <returns>How many bodies came.</returns>
    public int Work(TimeSpan time, Func<ModuleReport?> follow)
    {
        int before = Compiled.Count();
        for (Deadline end = Deadline.In(time); !end.IsPast; Thread.Sleep(1)) follow();
        return Compiled.Count() - before;
    }

    /// <summary>Adds up something of all bodies of each method.</summary>
    public Dictionary<string, long> Sum(Func<FunctionId, long> of) => Compiled.GroupBy(NameOf).ToDictionary(bodies => bodies.Key, bodies => bodies.Sum(body => of(body.Id)));

    /// <summary>Methods all of whose bodies are armed; with <paramref name="exits"/> only those of which every way out is known and armed.</summary>
    public HashSet<string> Armed(bool exits = false) => [.. Compiled.GroupBy(NameOf).Where(bodies => bodies.All(body => IsArmed(body, exits))).Select(bodies => bodies.Key)];

    /// <summary>Why bodies of the named methods are not armed.</summary>
    public string Unarmed(IEnumerable<string> names)
    {
        HashSet<string> wanted = [.. names];
        return string.Join(", ", Compiled.Where(body => wanted.Contains(NameOf(body)) && !IsArmed(body, false))
            .GroupBy(body => body.Plan.EntryRefusal).Select(group => $"{group.Key}: {string.Join(' ', group.Select(NameOf).Distinct())}"));
    }

    bool IsArmed(TargetFunction body, bool exits) =>
        (body.Plan.EntryRefusal == RefusalReason.EnteredByNoCall && !exits)
        || (Session.Sites.TryGetValue(body.Id, out Sessions.FunctionSites? sites) && sites.Armed.Any && (!exits || (body.Plan.AllExitsPatchable && sites.IsWhole(sites.Armed))));

    /// <summary>Every body that was there when the session began holds the bytes that it held; each site of every other what it held when it came.</summary>
    public void AssertRestored()
    {
        foreach ((TargetFunction body, byte[] bytes) in _bodies)
            Assert.True(MayBeFreed(body) || bytes.AsSpan().SequenceEqual(Read(body)), $"{body.Name} at {body.Address} has other bytes than before");
        foreach (TargetFunction body in Compiled)
            foreach (SitePlan site in body.Plan.Exits.Prepend(body.Plan.Entry).OfType<SitePlan>())
                Assert.True(MayBeFreed(body) || IsOriginal(body, site), $"{body.Name} at {body.Address} has other bytes than before at {site.Address}");
    }

    /// <summary>How many bodies that were there when the session began have other bytes now.</summary>
    public int Changed => _bodies.Count(body => !body.Bytes.AsSpan().SequenceEqual(Read(body.Body)));

    /// <summary>Methods made at run time, and those of the copies of the assembly, which are unloaded again.</summary>
    public static bool MayBeFreed(TargetFunction body) => s_freed.Any(type => NameOf(body).StartsWith(type, StringComparison.Ordinal));

    bool IsOriginal(TargetFunction body, SitePlan site) =>
        site.Original.ToArray(site.Length).AsSpan().SequenceEqual(Read(body).AsSpan((int)(site.Address.Value - body.Symbol.Address.Value), site.Length));

    byte[] Read(TargetFunction body)
    {
        var bytes = new byte[(int)body.Symbol.Size.Value];
        int read = Session.Target.ReadMemory(body.Address, bytes);
        Assert.True(read == bytes.Length || MayBeFreed(body), $"{body.Name} at {body.Address} can't be read");
        return bytes;
    }

    public void Dispose()
    {
        Session.Dispose();
        if (!_isShared) Program.Dispose();
    }

    [GeneratedRegex(@"`\d+")]
    private static partial Regex Arity();
}

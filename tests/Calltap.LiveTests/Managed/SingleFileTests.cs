using Calltap.Code;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>A .NET program in a single file: its assemblies are mapped from within it, its runtime may be part of it.</summary>
[Collection(EngineTests.Name)]
public sealed class SingleFileTests(ITestOutputHelper output)
{
    const string CoreLib = "System.Private.CoreLib.dll";
    const int ControlSize = 65536, SomeEvents = 16384; // bytes
    const byte End = 2; // targets/managed/Control.cs

    static readonly FunctionFilter s_library = FunctionFilter.Parse([$"@{CoreLib}"], []);

    static ManagedBuild Build(bool isShared) => new("net10.0") { IsSingleFile = true, IsShared = isShared };

    [Fact]
    public void Methods_of_an_assembly_in_it_are_where_the_catalog_says()
    {
        using var program = ManagedProgram.Start(Build(isShared: false).OrSkip(), new ManagedOptions { Threads = 1, Kinds = ["plain"] });
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, [s_library]);
        TargetModule module = Assert.Single(catalog.Modules, module => module.Name == CoreLib && !module.Contents.IsCompiled);
        Assert.Equal($"{target.ExecutablePath}/{CoreLib}", module.Path);
        List<SitePlan> entries = [.. catalog.FunctionsOf(module).Select(f => f.Plan.Entry).OfType<SitePlan>()];
        Assert.True(entries.Count > 30_000, $"{entries.Count} entries");
        Assert.Empty(entries.Where(site => !IsThere(target, module, site)).Select(site => $"{site.Address}").Take(5));
        Assert.All(catalog.Modules, m => Assert.True(m.Path != target.ExecutablePath, "the runtime itself would be armed"));
        Assert.Contains("holds the runtime of .NET within it", Assert.Single(catalog.Notes), StringComparison.Ordinal);
        program.AssertRight();
    }

    [Fact]
    public void Its_methods_and_those_of_its_library_come_and_go()
    {
        using var program = ManagedProgram.Start(Build(isShared: false).OrSkip(), new ManagedOptions { Threads = 4, Kinds = TracedManaged.SteadyKinds });
        using TraceSession session = TraceSession.Attach(program.Pid, new SessionOptions { Filters = [s_library, FunctionFilter.Parse(["@managed.dll"], [])] });
        var op = new Op(OpKind.Count, FunctionFilter.All, "all");
        ArmReport report = session.Add(op);
        long rounds = program.Rounds;
        for (Deadline end = Deadline.In(TimeSpan.FromSeconds(1)); !end.IsPast; Thread.Sleep(1)) session.FollowModules();
        var counted = session.Counts(op).Where(count => count.Value > 0).Select(count => session.Catalog.Functions[count.Key.Value]).ToList();
        session.Detach();
        output.WriteLine($"armed {report.Armed} of {report.Wanted}: {TracedManaged.Refusals(report)}; called {counted.Count}");
        Assert.SkipWhen(report.Armed < report.Wanted / 10, $"no room near the code at these addresses: {TracedManaged.Refusals(report)}");
        Assert.Contains(counted, f => f.Module.Name == CoreLib && f.Symbol.Source == FunctionSource.ReadyToRun);
        Assert.Contains(counted, f => f.Module.Name == "managed.dll" && f.Symbol.Source == FunctionSource.Compiled);
        Assert.True(program.Rounds > rounds, "it does not work");
        foreach (TargetFunction function in session.Catalog.Functions.Where(f => !f.Module.Contents.IsCompiled && f.Plan.Entry is not null))
            Assert.True(IsThere(session.Target, function.Module, function.Plan.Entry!), $"{function.Name} has other bytes than before");
        program.AssertRight();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Started_by_the_tool_its_methods_are_recorded(bool isShared)
    {
        string report = Record(Build(isShared).OrSkip().Command);
        Assert.Contains("Managed.Plain.", report, StringComparison.Ordinal);
        Assert.Contains("managed.dll", report, StringComparison.Ordinal);
    }

    /// <summary>Has the tool start a program.</summary>
    /// <returns>The report; empty when nothing is recorded.</returns>
    string Record(IReadOnlyList<string> command)
    {
        using var folder = new ScratchFolder();
        string control = folder.File("control"), file = folder.File("trace");
        File.WriteAllBytes(control, new byte[ControlSize]);
        using CliRun run = CliRun.StartBy(["env", "DOTNET_TieredCompilation=0"], ["record", "--managed", "-o", file, "--", .. command, control, "1", "plain"]);
        run.WaitFor("writing ");
        bool isWritten = Deadline.In(TimeSpan.FromSeconds(10)).Poll(() => new FileInfo(file).Length > SomeEvents);
        using (var stream = new FileStream(control, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.WriteByte(End);
        run.AssertEnds(0);
        output.WriteLine(run.Errors);
        if (!isWritten) return "";
        using CliRun report = CliRun.Run(0, "report", file);
        return report.Output;
    }

    static bool IsThere(TargetProcess target, TargetModule module, SitePlan site)
    {
        byte[] live = new byte[site.Length];
        return target.ReadMemory(site.Address.At(module.LoadBias), live) == live.Length && live.AsSpan().SequenceEqual(site.Original.ToArray(site.Length));
    }
}

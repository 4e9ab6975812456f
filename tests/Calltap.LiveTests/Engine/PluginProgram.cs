using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>The program of plugins.c, which loads and unloads libraries of plugin.c under load.</summary>
sealed class PluginProgram : IDisposable
{
    public const int FunctionsOfSmall = 4, FunctionsOfLarge = 4 + 4096;
    const int Load = 1, Unload = 2, Call = 3, VisitCommand = 4, Rounds = 5, Again = 6, Block = 7, ByHand = 8, LoadOtherCommand = 9, CallOtherCommand = 10, UnloadOtherCommand = 11, KeepCommand = 12;

    PluginProgram(SmallProgram program) => Program = program;

    public SmallProgram Program { get; }

    /// <summary>Wants the functions that are meant to be traced.</summary>
    public static Op Plugin { get; } = OpOf(OpKind.Graph);

    public static Op OpOf(OpKind kind) => new(kind, FunctionFilter.Parse(["plugin_root", "several", "one", "one_back", "filling_*"], []), "plugin");

    /// <summary>Starts it.</summary>
    /// <param name="threads">Threads that call own_leaf without a pause.</param>
    public static PluginProgram Start(int threads = 2)
    {
        var program = new PluginProgram(SmallProgram.Start("plugins", threads));
        program.Link(".so", "");
        return program;
    }

    /// <summary>Starts it in a mount namespace of its own, where library 1 is a file in a folder that is empty everywhere else.</summary>
    /// <param name="folder">The folder.</param>
    public static PluginProgram StartInNamespace(string folder)
    {
        const string InNamespace = "mount -t tmpfs none \"$0\" && cp \"$1\" \"$0/hidden.so\" && shift && exec \"$@\"";
        string[] by = ["unshare", "--mount", "sh", "-c", InNamespace, folder, BuildLibrary("", "-shared")];
        var program = new PluginProgram(SmallProgram.StartBy(by, SmallProgram.Build("plugins"), threads: 2));
        File.CreateSymbolicLink(program.Program.Control.Path + ".1.so", Path.Combine(folder, "hidden.so"));
        return program;
    }

    /// <summary>Has the library of several thousand functions at hand as well.</summary>
    public void AddLarge() => Link(".1.so", "-DFILLING");

    /// <summary>Has one at hand that the dynamic linker writes addresses into, among its code.</summary>
    public void AddRelocated() => Link(".1.so", "-DADDRESS_IN_CODE", "-shared -Wl,-z,notext");

    void Link(string suffix, string options, string linkOptions = "-shared") =>
        File.CreateSymbolicLink(Program.Control.Path + suffix, BuildLibrary(options, linkOptions));

    /// <summary>The library by itself.</summary>
    public static string BuildLibrary() => BuildLibrary("", "-shared");

    static string BuildLibrary(string options, string linkOptions) =>
        new GeneratedProgram("plugin.so", [SourceFile.FromResource(typeof(SmallProgram), "plugin.c", $"-O2 -fPIC {options}".TrimEnd())], linkOptions).Build(BuildCache.Directory);

    public TraceSession Attach() => TraceSession.Attach(Program.Pid, new SessionOptions { Scope = FunctionScope.Libraries });

    public TscTime LoadLibrary(int which = 0)
    {
        Assert.Equal(0, Program.Command(Load, which));
        return new TscTime((ulong)Program.Control.Result(1));
    }

    public void UnloadLibrary() => Assert.Equal(0, Program.Command(Unload));

    public void CallLibrary(int times) => Assert.Equal(0, Program.Command(Call, times));

    /// <summary>Loads a library, calls it all the time until it is told to end, and unloads it; the TSC behind dlopen.</summary>
    public TscTime Visit(int which, Func<bool> isEnough)
    {
        Program.Control.Work = 0;
        Program.Control.Post(VisitCommand, which);
        Assert.True(Deadline.In(EngineTests.Patience).Poll(isEnough), "no call was recorded");
        Program.Control.Work = 1;
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => Program.Control.IsDone), "the program does not answer");
        return new TscTime((ulong)Program.Control.Result(1));
    }

    public void PostRounds(int count) => Program.Control.Post(Rounds, count);

    public bool IsReloadedInPlace() => Program.Command(Again, 0) == 0;

    public void Occupy() => Assert.Equal(0, Program.Command(Block, 1));

    /// <summary>That memory is as the program left it.</summary>
    public void AssertOccupiedAndFree() => Assert.Equal(0, Program.Command(Block, 0));

    public void MapByHand() => Assert.Equal(0, Program.Command(ByHand));

    /// <summary>Loads the library once more, in a namespace of its own (dlmopen).</summary>
    public void LoadOther() => Assert.Equal(0, Program.Command(LoadOtherCommand));

    public void CallOther(int times) => Assert.Equal(0, Program.Command(CallOtherCommand, times));

    public void UnloadOther() => Assert.Equal(0, Program.Command(UnloadOtherCommand));

    /// <summary>Has a word on the stack of a sleeping thread from now on; 0 for none.</summary>
    public void KeepOnStack(ulong word) => Assert.Equal(0, Program.Command(KeepCommand, (long)word));

    /// <summary>Looks for modules until something has happened.</summary>
    public static ModuleReport Await(Func<ModuleReport?> look, Func<ModuleReport, bool> isIt)
    {
        ModuleReport? found = null;
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() => look() is { } report && isIt(found = report)), "nothing was seen to happen");
        return found!;
    }

    public void Dispose() => Program.Dispose();
}

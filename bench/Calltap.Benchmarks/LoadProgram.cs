using Calltap.Cli.Demo;
using Calltap.Native;

namespace Calltap.Benchmarks;

/// <summary>The program of plugins.c, which loads and unloads libraries of plugin.c. Killed when disposed.</summary>
sealed class LoadProgram : IDisposable
{
    const int Visit = 4;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    static readonly string s_cache = Path.Combine(AppContext.BaseDirectory, "programs");

    LoadProgram(Pid pid, ControlFile control) => (Pid, Control) = (pid, control);

    /// <summary>Its process id.</summary>
    public Pid Pid { get; }

    /// <summary>Its control page.</summary>
    public ControlFile Control { get; }

    /// <summary>Builds it and its libraries when need be, starts it, and waits until it is up.</summary>
    /// <param name="threads">Threads that call a function of the program without a pause.</param>
    public static LoadProgram Start(int threads)
    {
        string path = new GeneratedProgram("plugins", [Source("control.h"), Source("plugins.c", "-O2")]).Build(s_cache);
        var control = ControlFile.Create(threads: threads);
        File.CreateSymbolicLink(control.Path + ".so", Library(""));
        File.CreateSymbolicLink(control.Path + ".1.so", Library(" -DFILLING"));
        Pid pid = Spawn.Start(path, [path, control.Path, $"{threads}"]).OrThrow($"posix_spawn({path})");
        var program = new LoadProgram(pid, control);
        control.WaitUntilReady(s_patience);
        return program;
    }

    static string Library(string options) => new GeneratedProgram("plugin.so", [Source("plugin.c", "-O2 -fPIC" + options)], "-shared").Build(s_cache);

    static SourceFile Source(string name, string flags = "") => SourceFile.FromResource(typeof(LoadProgram), name, flags);

    /// <summary>Has it load a library, call it all the time, and unload it when that is enough.</summary>
    /// <returns>The counter when dlopen had returned.</returns>
    public TscTime VisitLibrary(int which, Action untilEnough)
    {
        Control.Work = 0;
        Control.Post(Visit, which);
        untilEnough();
        Control.Work = 1;
        for (DateTime start = DateTime.UtcNow; !Control.IsDone; Thread.Sleep(1))
            if (DateTime.UtcNow - start > s_patience) throw new TimeoutException("the program does not answer");
        return Control.Result(0) == 0 ? new TscTime((ulong)Control.Result(1)) : throw new InvalidOperationException("the library could not be loaded");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Signals.Kill(Pid, Signals.SIGKILL);
        Wait.ForExitOf(Pid, out _);
        File.Delete(Control.Path + ".so");
        File.Delete(Control.Path + ".1.so");
        Control.Dispose();
    }
}

using Calltap.Cli.Demo;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Benchmarks;

/// <summary>The benchmark target, running, with its control page. Killed when disposed.</summary>
sealed class BenchProcess : IDisposable
{
    static readonly TimeSpan s_start = TimeSpan.FromSeconds(20);

    BenchProcess(Pid pid, ControlFile control) => (Pid, Control) = (pid, control);

    /// <summary>Its process id.</summary>
    public Pid Pid { get; }

    /// <summary>Its control page.</summary>
    public ControlFile Control { get; }

    /// <summary>Builds the program when need be, starts it, and waits until its threads are up.</summary>
    public static BenchProcess Start(int threads)
    {
        string cache = Path.Combine(AppContext.BaseDirectory, "programs");
        string path = BenchTarget.Build(cache, (done, total) => Console.Error.Write($"\rcompiled {done} of {total} files "));
        var control = ControlFile.Create(threads: threads);
        Pid pid = Spawn.Start(path, [path, control.Path, $"{threads}"]).OrThrow($"posix_spawn({path})");
        var process = new BenchProcess(pid, control);
        control.WaitUntilReady(s_start);
        return process;
    }

    /// <summary>Starts this program once more, as a target in .NET.</summary>
    public static BenchProcess StartManaged()
    {
        var control = ControlFile.Create(threads: 1);
        string path = Environment.ProcessPath!;
        Pid pid = Spawn.Start(path, [path, ManagedTarget.Word, control.Path]).OrThrow($"posix_spawn({path})");
        var process = new BenchProcess(pid, control);
        control.WaitUntilReady(s_start);
        return process;
    }

    /// <summary>Runs one command and reads its result.</summary>
    /// <exception cref="InvalidOperationException">A call returned a wrong result.</exception>
    public BenchResult Run(BenchCommand command, long first, long second = 0)
    {
        BenchResult result = BenchTarget.Run(Control, command, first, second);
        RequireRightResults();
        return result;
    }

    /// <summary>Every call of a traced function must have returned what the function computes.</summary>
    /// <exception cref="InvalidOperationException">One did not.</exception>
    public void RequireRightResults()
    {
        if (Control.WrongResults is > 0 and long wrong)
            throw new InvalidOperationException($"{wrong} calls returned a wrong result: no figure of this run counts");
    }

    /// <summary>The program's text as it is in memory: to compare before and after.</summary>
    public byte[] ReadText()
    {
        using TargetProcess target = TargetProcess.Open(Pid);
        using var text = new MemoryStream();
        string path = target.ExecutablePath;
        foreach (Symbols.MemoryMapping mapping in target.ReadMappings().Where(m => m.IsExecutable && m.Path == path))
        {
            byte[] bytes = new byte[mapping.End - mapping.Start];
            if (target.ReadMemory(mapping.Start, bytes) != bytes.Length) throw new IOException($"{mapping.Start} can't be read");
            text.Write(bytes);
        }
        return text.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Signals.Kill(Pid, Signals.SIGKILL);
        Wait.ForExitOf(Pid, out _);
        Control.Dispose();
    }
}

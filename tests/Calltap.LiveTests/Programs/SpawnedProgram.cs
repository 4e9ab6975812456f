namespace Calltap.LiveTests.Programs;

/// <summary>A child process of the test that may be traced. Killed when disposed.</summary>
public sealed class SpawnedProgram : IDisposable
{
    readonly int _pidfd;
    readonly string _outputPath;
    int? _exitCode;

    SpawnedProgram(int pid, string outputPath)
    {
        Pid = new Pid(pid);
        _pidfd = NativeSpawn.OpenPidfd(pid);
        _outputPath = outputPath;
    }

    /// <summary>Its process id.</summary>
    public Pid Pid { get; }

    /// <summary>What it has printed so far, to both streams.</summary>
    public string Output => File.ReadAllText(_outputPath);

    /// <summary>Whether it still runs.</summary>
    public bool IsRunning => Wait(TimeSpan.Zero) is null;

    /// <summary>Starts a program; a name without slash is looked up on the path.</summary>
    /// <param name="path">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="InvalidOperationException">It could not be started.</exception>
    public static SpawnedProgram Start(string path, params IReadOnlyList<string> arguments)
    {
        var output = Path.GetTempFileName();
        return new SpawnedProgram(NativeSpawn.Spawn(path, arguments, output), output);
    }

    /// <summary>Waits for its end.</summary>
    /// <param name="timeout">How long.</param>
    /// <returns>The exit code, 128 + n when signal n ended it, or null when it still runs.</returns>
    public int? Wait(TimeSpan timeout) => _exitCode ??= NativeSpawn.WaitForEnd(Pid.Value, _pidfd, timeout);

    /// <summary>Waits for its end and returns the exit code.</summary>
    /// <param name="timeout">How long.</param>
    /// <exception cref="TimeoutException">It still runs.</exception>
    public int WaitForExit(TimeSpan timeout) => Wait(timeout)
        ?? throw new TimeoutException($"process {Pid} still runs after {timeout.TotalSeconds:0.#} s");

    /// <summary>Sends SIGTERM.</summary>
    public void Terminate() => Send(NativeSpawn.SIGTERM);

    /// <summary>Sends a signal. Until its status is taken the pid cannot belong to another process.</summary>
    public void Send(int signal)
    {
        if (_exitCode is null)
            NativeSpawn.Kill(Pid.Value, signal);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Send(NativeSpawn.SIGKILL);
        Wait(TimeSpan.FromSeconds(10));
        NativeSpawn.Close(_pidfd);
        File.Delete(_outputPath);
    }
}

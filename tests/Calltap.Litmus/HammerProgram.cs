using Calltap.Cli.Demo;
using Calltap.LiveTests.Programs;

namespace Calltap.Litmus;

/// <summary>The program hammer at work.</summary>
sealed class HammerProgram : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    readonly SpawnedProgram _program;
    bool _disposed;

    public HammerProgram(LitmusCase litmus)
    {
        Control = ControlFile.Create(threads: litmus.Threads);
        _program = SpawnedProgram.Start(Build("hammer"), Control.Path, $"{litmus.Threads}", $"{litmus.Kind}");
        Control.WaitUntilReady(s_patience);
    }

    /// <summary>Builds a program of targets/.</summary>
    public static string Build(string name) => new GeneratedProgram(name,
        [
            SourceFile.FromResource(typeof(HammerProgram), "control.h"),
            SourceFile.FromResource(typeof(HammerProgram), $"{name}.c", "-O2"),
        ]).Build(BuildCache.Directory);

    public Pid Pid => _program.Pid;

    /// <summary>Its page.</summary>
    public ControlFile Control { get; }

    /// <summary>What has gone wrong so far; null when nothing has.</summary>
    /// <param name="patience">How long an end that is under way may take.</param>
    public string? Fault(TimeSpan patience = default)
    {
        try
        {
            return _program.Wait(patience) switch
            {
                > 128 and int code => $"died of signal {code - 128}",
                { } code => $"ended with exit code {code}",
                null when Control.WrongResults > 0 => $"{Control.WrongResults} wrong results",
                null => null,
            };
        }
        catch (InvalidOperationException) when (HasVanished)
        {
            return "died"; // of what, a thread of the tracer has learnt: it is its parent too
        }
    }

    bool HasVanished => !Directory.Exists($"/proc/{Pid.Value}");

    /// <summary>Ends it; null when it has ended well and every result was right.</summary>
    public string? End()
    {
        if (Fault() is { } fault) return fault;
        Control.Stop();
        return _program.WaitForExit(s_patience) is not 0 and int code ? $"exit code {code}" : null;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        try
        {
            _program.Dispose();
        }
        catch (InvalidOperationException) when (HasVanished)
        {
        }
        Control.Dispose();
    }
}

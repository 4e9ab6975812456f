using System.Diagnostics;
using System.Text;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Cli;

/// <summary>The built tool as a child of the test. Only the tool is started so; programs to be traced never are.</summary>
sealed class CliRun : IDisposable
{
    const int SIGINT = 2;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    readonly Process _process;
    readonly StringBuilder _errors = new();
    readonly Task<string> _output;

    CliRun(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        _process = new Process { StartInfo = start };
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors) _errors.AppendLine(line.Data ?? "");
        };
        _process.Start();
        _process.BeginErrorReadLine();
        _output = _process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>How to run it: a NativeAOT binary in CALLTAP_TEST_CLI, or the build beside the tests.</summary>
    public static string[] Command { get; } = FindCommand();

    /// <summary>Its process.</summary>
    public Pid Pid => new(_process.Id);

    /// <summary>stderr so far.</summary>
    public string Errors
    {
        get { lock (_errors) return _errors.ToString().TrimEnd(); }
    }

    /// <summary>stdout, once it has ended.</summary>
    public string Output => _output.Result;

    /// <summary>Starts it.</summary>
    public static CliRun Start(params string[] arguments) => StartBy([], arguments);

    /// <summary>Starts it by another command, which gets it as its arguments.</summary>
    public static CliRun StartBy(string[] by, params string[] arguments)
    {
        string[] all = [.. by, .. Command, .. arguments];
        return new CliRun(new ProcessStartInfo(all[0], all[1..]) { WorkingDirectory = Path.GetTempPath() });
    }

    /// <summary>Runs it to its end, which has to be that of <paramref name="code"/>.</summary>
    public static CliRun Run(int code, params string[] arguments)
    {
        CliRun run = Start(arguments);
        run.AssertEnds(code);
        return run;
    }

    /// <summary>Runs it with input that is wrong: it says so in one line.</summary>
    public static string RunBad(int code, params string[] arguments)
    {
        using CliRun run = Run(code, arguments);
        string line = run.Errors.Split('\n')[^1];
        Assert.StartsWith("calltap: ", line);
        Assert.DoesNotContain("   at ", run.Errors);
        return line;
    }

    /// <summary>Waits for a line on stderr.</summary>
    public void WaitFor(string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Errors.Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_process.HasExited && !Errors.Contains(text, StringComparison.Ordinal), $"ended without '{text}': {Errors}");
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, $"no '{text}' in time: {Errors}");
            Thread.Sleep(5);
        }
    }

    /// <summary>What a terminal sends for ctrl-C.</summary>
    public void Interrupt() => NativeSpawn.Kill(_process.Id, SIGINT);

    /// <summary>Asks it to end.</summary>
    public void Terminate() => NativeSpawn.Kill(_process.Id, NativeSpawn.SIGTERM);

    /// <summary>Ends it at once.</summary>
    public void Kill()
    {
        NativeSpawn.Kill(_process.Id, NativeSpawn.SIGKILL);
        _process.WaitForExit();
    }

    /// <summary>Waits for its end and checks the code.</summary>
    public void AssertEnds(int code)
    {
        Assert.True(_process.WaitForExit(s_patience), $"still runs: {Errors}");
        _process.WaitForExit(); // until its output is read
        Assert.True(code == _process.ExitCode, $"exit code {_process.ExitCode}, not {code}: {Errors}\n{Output}");
    }

    /// <summary>Waits for its end; whether it has this code.</summary>
    public bool EndsWith(int code) => _process.WaitForExit(s_patience) && _process.ExitCode == code;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    static string[] FindCommand()
    {
        if (Environment.GetEnvironmentVariable("CALLTAP_TEST_CLI") is { Length: > 0 } wanted) return [wanted];
        var folder = new DirectoryInfo(AppContext.BaseDirectory); // artifacts/bin/Calltap.LiveTests/release
        string built = Path.Combine(folder.Parent!.Parent!.FullName, "Calltap.Cli", folder.Name, "Calltap.Cli.dll");
        return [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet", built];
    }
}

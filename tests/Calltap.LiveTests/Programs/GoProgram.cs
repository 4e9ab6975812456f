using System.Diagnostics;

namespace Calltap.LiveTests.Programs;

/// <summary>A Go program in targets/ that does the work of gowork.go, built by the installed toolchain; without it the test is skipped and says so.</summary>
sealed class GoProgram : IDisposable
{
    const int SIGUSR1 = 10;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly SpawnedProgram _program;

    GoProgram(string path)
    {
        _program = SpawnedProgram.Start(path);
        Await("ready");
    }

    public Pid Pid => _program.Pid;

    public bool IsRunning => _program.IsRunning;

    public string Output => _program.Output;

    /// <summary>Builds the program and starts it; it waits for <see cref="Begin"/>.</summary>
    /// <param name="name">Its file's name.</param>
    public static GoProgram Start(string name) => new(Build(name));

    /// <summary>The path of the built program.</summary>
    public static string Build(string name)
    {
        string? go = InstalledPrograms.Find("go");
        Assert.SkipWhen(go is null, "no go: install golang");
        string folder = Path.Combine(BuildCache.Directory, "go"), program = Path.Combine(folder, name);
        Directory.CreateDirectory(folder);
        // Its own cache makes a second build of the same source quick.
        var start = new ProcessStartInfo(go, ["build", "-o", program, Source(folder, $"{name}.go"), Source(folder, "gowork.go")]) { RedirectStandardError = true, WorkingDirectory = folder };
        start.Environment["GO111MODULE"] = "off";
        using Process build = Process.Start(start) ?? throw new InvalidOperationException("go did not start");
        string said = build.StandardError.ReadToEnd();
        build.WaitForExit();
        Assert.True(build.ExitCode == 0, $"go build {name}: {said}");
        return program;
    }

    static string Source(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        using Stream text = typeof(GoProgram).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"no {name} among the test's resources");
        using var reader = new StreamReader(text);
        File.WriteAllText(path, reader.ReadToEnd());
        return path;
    }

    /// <summary>Lets it work.</summary>
    public void Begin() => _program.Send(SIGUSR1);

    /// <summary>Lets it stop working, and waits; how often each function was called.</summary>
    public IReadOnlyDictionary<string, long> Finish()
    {
        _program.Terminate();
        Await("done");
        return Output.Split('\n').Select(line => line.Split(' ')).Where(words => words.Length == 2)
            .ToDictionary(words => words[0], words => long.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Ends it; no result may ever have been wrong.</summary>
    public void AssertRight()
    {
        _program.Terminate();
        int code = _program.WaitForExit(s_patience);
        Assert.True(code == 0, $"exit code {code}: {Output}");
    }

    public void Dispose() => _program.Dispose();

    void Await(string word)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Output.Contains(word, StringComparison.Ordinal))
        {
            Assert.True(_program.IsRunning && Stopwatch.GetElapsedTime(start) < s_patience, $"the program did not say '{word}': {_program.Wait(TimeSpan.Zero)} {Output}");
            Thread.Sleep(10);
        }
    }
}

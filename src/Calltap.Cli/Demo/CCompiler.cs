using System.Diagnostics;

namespace Calltap.Cli.Demo;

/// <summary>The C or C++ compiler of this machine, run as a child process.</summary>
/// <remarks>
/// Started with <see cref="Process"/>, which is right for compilers only: a process that is to be traced must not be started so,
/// because the runtime's child reaper takes its ptrace stops.
/// </remarks>
public sealed class CCompiler
{
    CCompiler(string path) => Path = path;

    /// <summary>The compiler's path.</summary>
    public string Path { get; }

    /// <summary>Finds the C compiler: <c>$CC</c>, or the first of cc, gcc, clang on the path.</summary>
    /// <exception cref="CompilerException">There is none.</exception>
    public static CCompiler FindC() => Find("CC", ["cc", "gcc", "clang"])
        ?? throw new CompilerException("no C compiler: install gcc or clang (Debian: apt-get install gcc libc6-dev)");

    /// <summary>Finds the C++ compiler: <c>$CXX</c>, or the first of c++, g++, clang++ on the path.</summary>
    /// <exception cref="CompilerException">There is none.</exception>
    public static CCompiler FindCxx() => Find("CXX", ["c++", "g++", "clang++"])
        ?? throw new CompilerException("no C++ compiler: install g++ or clang (Debian: apt-get install g++)");

    /// <summary>A compiler, or a script that runs one, at a known path.</summary>
    public static CCompiler At(string path) => new(path);

    /// <summary>Runs the compiler.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="directory">The working directory.</param>
    /// <exception cref="CompilerException">It ended with an error.</exception>
    public void Run(IEnumerable<string> arguments, string directory)
    {
        var start = new ProcessStartInfo(Path, arguments) { WorkingDirectory = directory, RedirectStandardError = true };
        using var process = Process.Start(start)
            ?? throw new CompilerException($"{Path} did not start");
        var output = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new CompilerException($"{Path} failed with exit code {process.ExitCode}: {FirstError(output)}", output);
    }

    static string FirstError(string output) =>
        output.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase)) ?? output.Trim();

    static CCompiler? Find(string variable, string[] names)
    {
        var wanted = Environment.GetEnvironmentVariable(variable);
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return (string.IsNullOrWhiteSpace(wanted) ? names : [wanted])
            .SelectMany(name => folders.Select(folder => System.IO.Path.Combine(folder, name)))
            .Where(File.Exists)
            .Select(path => new CCompiler(path))
            .FirstOrDefault();
    }
}

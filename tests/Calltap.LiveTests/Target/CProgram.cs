using System.Runtime.CompilerServices;
using Calltap.Native;
using Xunit;

namespace Calltap.LiveTests.Target;

/// <summary>Builds the C sources beside this file, once per test run; without a compiler the test is skipped and says so.</summary>
internal static class CProgram
{
    private static readonly Lock s_lock = new();
    private static readonly Dictionary<string, string> s_built = [];

    /// <summary>The path of the program built from <paramref name="source"/>.</summary>
    internal static string Build(string source, params string[] options)
    {
        string key = string.Join(' ', [source, .. options]);
        lock (s_lock)
        {
            if (!s_built.TryGetValue(key, out string? path))
                s_built[key] = path = Compile(source, options);
            return path;
        }
    }

    private static string Compile(string source, string[] options)
    {
        string output = Path.Combine(Directory.CreateTempSubdirectory("calltap-live-").FullName, Path.GetFileNameWithoutExtension(source));
        string[] arguments = ["sh", "-c", "exec cc \"$@\"", "sh", "-O2", "-pthread", "-o", output, .. options, Path.Combine(SourceFolder(), source)];
        Pid compiler = Spawn.Start("/bin/sh", arguments).OrThrow("posix_spawn(sh)");
        Wait.ForExitOf(compiler, out siginfo_t report).OrThrow("waitid");
        Assert.SkipWhen(report.si_status == 127, "no C compiler: install gcc or clang as cc");
        Assert.True(report.si_status == 0, $"cc {source} failed with {report.si_status}");
        return output;
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

using System.Diagnostics;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Runs the tools that serve as oracles and compilers; a test that needs a missing one is skipped, visibly.</summary>
internal static class Tool
{
    public static string Run(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(tool), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {errors.Result}");
        return output;
    }

    private static string Find(string tool)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(d => Path.Combine(d, tool)).FirstOrDefault(File.Exists);
        if (path is null)
            Assert.Skip($"{tool} is not installed");
        return path;
    }
}

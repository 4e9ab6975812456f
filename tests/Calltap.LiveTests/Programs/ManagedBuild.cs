using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Calltap.LiveTests.Target;

namespace Calltap.LiveTests.Programs;

/// <summary>
/// The .NET program in targets/managed, built by the installed SDK, once for each framework and its sources. Where there is no SDK, or no packs of the framework
/// and no network to get them, the test is skipped and says so.
/// </summary>
/// <param name="Framework">net10.0 runs on the installed runtime; another brings its runtime along.</param>
sealed record ManagedBuild(string Framework)
{
    const string Prefix = "managed/";

    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);
    static readonly Lock s_building = new();

    /// <summary>Whether the program is a single file: with its runtime within itself, where it does not run on the installed one.</summary>
    public bool IsSingleFile { get; init; }

    /// <summary>Whether a single file runs on the installed runtime.</summary>
    public bool IsShared { get; init; }

    // What the SDK and NuGet say when a pack is neither installed nor to be had: no such version, source or connection.
    static readonly string[] s_lacking = ["NU1100", "NU1101", "NU1102", "NU1301", "NETSDK1045", "NETSDK1127", "NETSDK1226"];

    /// <summary>Of the installed runtime.</summary>
    public static ManagedBuild Usual { get; } = new("net10.0");

    /// <summary>Self-contained, of earlier runtimes.</summary>
    public static IReadOnlyList<ManagedBuild> Earlier { get; } = [new("net8.0"), new("net9.0")];

    /// <summary>The command that starts it, without its arguments; builds it when that was not done yet.</summary>
    public IReadOnlyList<string> Command
    {
        get
        {
            string dotnet = FindDotNet(), folder = Path.Combine(BuildCache.Directory, $"managed-{Framework}{(IsSingleFile ? "-single" : "")}{(IsShared ? "-shared" : "")}-{Hash()}");
            lock (s_building)
                if (!Directory.Exists(folder)) BuildInto(folder, dotnet);
            return IsSelfContained || IsSingleFile ? [Path.Combine(folder, "managed")] : [dotnet, Path.Combine(folder, "managed.dll")];
        }
    }

    /// <summary>Skips the test where the runtime has to be got from the network first, in the short form of the tests. NuGet keeps what was got once.</summary>
    public ManagedBuild OrSkip()
    {
        Assert.SkipUnless(IsAtHand || LiveTest.Repeat(0, 1) == 1, $"long form: gets 30 MB of a runtime for {Framework} from NuGet");
        return this;
    }

    bool IsAtHand => !IsSelfContained || Directory.Exists(RuntimePacks) && Directory.EnumerateDirectories(RuntimePacks, $"{Framework["net".Length..^".0".Length]}.*").Any();

    static string RuntimePacks => Path.Combine(
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
        "microsoft.netcore.app.runtime.linux-x64");

    bool IsSelfContained => (IsSingleFile && !IsShared) || Framework != "net10.0";

    static string FindDotNet()
    {
        string? dotnet = InstalledPrograms.Find("dotnet");
        Assert.SkipWhen(dotnet is null, "no dotnet: install the .NET 10 SDK");
        return dotnet;
    }

    /// <summary>In a folder of this process, which is renamed when all of it is there.</summary>
    void BuildInto(string folder, string dotnet)
    {
        string work = $"{folder}.{Environment.ProcessId}", built = Path.Combine(work, "built");
        try
        {
            WriteSources(work);
            Run(dotnet, work, built);
            if (!Directory.Exists(folder)) Directory.Move(built, folder); // by another process meanwhile
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    void Run(string dotnet, string work, string built)
    {
        // Without the compiler server and the nodes that would wait for another build when the test has ended.
        List<string> arguments =
        [
            IsSingleFile ? "publish" : "build", Path.Combine(work, "managed.csproj"), "-c", "Release", "-o", built, $"-p:Framework={Framework}",
            "-maxcpucount:1", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-v:quiet", "-nologo",
        ];
        if (IsSelfContained || IsSingleFile)
            arguments.AddRange(["-r", "linux-x64", "--self-contained", IsSelfContained ? "true" : "false", $"-p:PublishSingleFile={IsSingleFile}"]);
        long start = Stopwatch.GetTimestamp();
        using SpawnedProgram build = SpawnedProgram.Start(dotnet, arguments);
        int code = build.WaitForExit(s_patience);
        Assert.SkipWhen(code != 0 && s_lacking.Any(error => build.Output.Contains(error, StringComparison.Ordinal)), $"{Framework} is not to be had here: {build.Output}");
        Assert.True(code == 0, $"dotnet build for {Framework} ended with {code}: {build.Output}");
        TestContext.Current.SendDiagnosticMessage($"managed for {Framework} was built in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
    }

    static void WriteSources(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach ((string name, string text) in Sources()) File.WriteAllText(Path.Combine(folder, name), text);
    }

    static string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(Sources().Select(file => file.Name + file.Text)))))[..16];

    static IEnumerable<(string Name, string Text)> Sources()
    {
        foreach (string resource in typeof(ManagedBuild).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(typeof(ManagedBuild).Assembly.GetManifestResourceStream(resource)!);
            yield return (resource[Prefix.Length..], reader.ReadToEnd());
        }

        yield return ("LateMethods.cs", LateMethods());
    }

    /// <summary>The methods of targets/managed/Late.cs.</summary>
    static string LateMethods()
    {
        const int Count = 200;
        var text = new StringBuilder("using System.Runtime.CompilerServices;\n\nnamespace Managed;\n\nstatic unsafe partial class Late\n{\n");
        for (int i = 0; i < Count; i++)
            text.Append($$"""
                    [MethodImpl(MethodImplOptions.NoInlining)]
                    static int Late{{i:D3}}(int n)
                    {
                        Tally.Call(Method.LateMethods + {{i}});
                        return n + {{i}};
                    }


                """);
        text.Append($"    static readonly delegate*<int, int>[] s_methods = [{string.Join(", ", Enumerable.Range(0, Count).Select(i => $"&Late{i:D3}"))}];\n}}\n");
        return text.ToString();
    }
}

using Calltap.Cli.Demo;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Target;

namespace Calltap.LiveTests.Following;

/// <summary>Programs of a tree that are no usual ones before their entry: libraries' constructors make threads, or a filter; signals come.</summary>
[Collection(EngineTests.Name)]
public sealed class BeginningTests(ITestOutputHelper output)
{
    [Fact]
    public void A_program_whose_library_made_threads_before_its_entry_is_traced()
    {
        using TreeRecorder recorder = Follow("-DTHREADS", 700, out RecordedCalls calls);
        Assert.Empty(recorder.NotTraced);
        Assert.Equal(1, recorder.Began.All);
        output.WriteLine($"{calls.Entries} calls");
        Assert.InRange(calls.Entries, 30, int.MaxValue);
        Assert.Equal((0, 0), (calls.UnknownSites, calls.LostEntries));
        Assert.InRange(calls.OrphanExits, 0, 2); // it runs when it is attached to: tree_leaf and tree_root may have been entered
    }

    [Fact]
    public void A_program_whose_library_forbids_the_gates_system_call_runs_on_untraced()
    {
        using TreeRecorder recorder = Follow("-DFILTER", 50, out RecordedCalls calls);
        Assert.Contains("seccomp filter", Assert.Single(recorder.NotTraced));
        Assert.Equal((0, 0), (recorder.Began.All, calls.Entries));
    }

    /// <summary>A shell starts the program with the library, and tells how it ended.</summary>
    static TreeRecorder Follow(string option, int milliseconds, out RecordedCalls calls)
    {
        string library = new GeneratedProgram("early.so", [SourceFile.FromResource(typeof(BeginningTests), "early-library.c", $"-O2 -fPIC {option}")], "-shared -lpthread").Build(BuildCache.Directory);
        using TargetLauncher launcher = TargetLauncher.Start("sh", ["-c", "LD_PRELOAD=$1 $2 calls $3; exit $?", "sh", library, ProgramBuild.Usual.Program("early", "tree_calls.h"), $"{milliseconds}"]);
        var recorder = new TreeRecorder();
        recorder.Start(launcher);
        recorder.Serve();
        calls = recorder.Stop();
        Assert.Equal(new CommandExit(0, 0), launcher.WaitForExit());
        return recorder;
    }

    [Theory]
    [InlineData("static")]
    [InlineData("static-pie")]
    [InlineData("musl-static")]
    [InlineData("usual")]
    public void Signals_that_come_before_the_entry_go_on_to_the_program(string kind)
    {
        int rounds = LiveTest.Repeat(40, 1000);
        using TargetLauncher launcher = TargetLauncher.Start(ProgramBuild.Of(kind).Program("early", "tree_calls.h"), ["pelted", $"{rounds}"]);
        using var recorder = new TreeRecorder();
        recorder.Start(launcher);
        recorder.Serve();
        RecordedCalls calls = recorder.Stop();
        Assert.Equal(new CommandExit(0, 0), launcher.WaitForExit());
        Assert.Empty(recorder.NotTraced);
        Assert.Equal(1 + 2 * rounds, recorder.Began.All);
        output.WriteLine($"{calls.Entries} calls");
        Assert.InRange(calls.Entries, 30 * rounds, int.MaxValue);
        Assert.Equal((0, 0, 0), (calls.OrphanExits, calls.UnknownSites, calls.LostEntries));
    }
}

using System.Diagnostics;
using Calltap.LiveTests.Programs;
using Calltap.Trace;

namespace Calltap.LiveTests.Cli;

/// <summary>What is drawn and coloured is so on a terminal alone, and colours not where they are unwelcome (https://no-color.org).</summary>
public sealed class TerminalOutputTests
{
    // Colours and weights, ECMA-48's SGR; the runtime's console sends other sequences, for the keys.
    const string Graphics = @"\x1b\[[0-9;]*m";

    public static TheoryData<string> Views => ["report", "report --by thread", "graph", "diff", "info"];

    [Theory]
    [MemberData(nameof(Views))]
    public void Colours_are_for_terminals_without_NO_COLOR(string view)
    {
        using var folder = new ScratchFolder();
        string[] arguments = Arguments(view, Trace(folder));
        Assert.Matches(Graphics, OnTerminal(arguments, ["TERM=xterm"]));
        Assert.DoesNotMatch(Graphics, OnTerminal(arguments, ["TERM=xterm", "NO_COLOR=1"]));
        Assert.DoesNotMatch(Graphics, OnTerminal(arguments, ["TERM=dumb"]));
        using CliRun piped = CliRun.Run(0, arguments);
        Assert.DoesNotMatch(Graphics, piped.Output);
        Assert.Equal("", piped.Errors);
    }

    [Fact]
    public void Programs_get_no_colours_even_on_a_terminal()
    {
        using var folder = new ScratchFolder();
        string trace = Trace(folder);
        foreach (string form in new[] { "--json", "--csv" })
            Assert.DoesNotMatch(Graphics, OnTerminal(["report", trace, form], ["TERM=xterm"]));
        Assert.DoesNotMatch(Graphics, OnTerminal(["replay", trace], ["TERM=xterm"]));
    }

    [Fact]
    public void A_table_that_does_not_fit_the_terminal_keeps_its_names()
    {
        using var folder = new ScratchFolder();
        string trace = Trace(folder), narrow = OnTerminal(["report", trace], ["TERM=xterm"], columns: 60);
        Assert.DoesNotMatch(Graphics, narrow);
        Assert.DoesNotContain('…', narrow);
    }

    [Fact]
    public void Reading_that_takes_more_than_a_second_tells_how_far_it_is_on_a_terminal_alone()
    {
        using var folder = new ScratchFolder();
        string trace = Trace(folder, calls: 30_000_000);
        var watch = Stopwatch.StartNew();
        using (CliRun piped = CliRun.Run(0, "report", trace)) Assert.Equal("", piped.Errors);
        Assert.SkipWhen(watch.Elapsed.TotalSeconds < 1.5, "sixty million events are read within a second here: nothing was to be told");
        Assert.Matches(@"\r\x1b\[Kreading: \d+ %", OnTerminal(["report", trace], ["TERM=xterm"]));
    }

    static string[] Arguments(string view, string trace) => view switch
    {
        "graph" => ["graph", trace, "f"],
        "diff" => ["diff", trace, trace],
        _ => [.. view.Split(' ')[..1], trace, .. view.Split(' ')[1..]],
    };

    // script (util-linux) runs a command on a terminal of its own.
    static string OnTerminal(string[] arguments, string[] environment, int columns = 200)
    {
        Assert.SkipWhen(InstalledPrograms.Find("script") is null, "no script: install bsdutils");
        string command = $"stty cols {columns}; " + string.Join(' ', ((string[])["env", "-u", "NO_COLOR", .. environment, .. CliRun.Command, .. arguments]).Select(word => $"'{word}'"));
        using CliRun run = CliRun.StartBy(["sh", "-c", "exec script -qec \"$0\" /dev/null", command]);
        run.AssertEnds(0);
        Assert.Contains(arguments[0] == "graph" ? "called by" : "prog", run.Output); // it has worked
        return run.Output;
    }

    static string Trace(ScratchFolder folder, int calls = 1)
    {
        const int EventsAtOnce = 1 << 14;
        string path = folder.File($"{calls}.calltap");
        using FileStream file = File.Create(path);
        using var writer = new TraceWriter(file);
        writer.WriteSession(new SessionRecord { CommandLine = "prog --x", Target = new Pid(42), TscHz = 1_000_000_000, Scope = "prog" });
        writer.WriteModules([new ModuleRecord(1, "/usr/bin/prog", "", 0, new TargetAddress(0x1000), new TargetAddress(0x9000))]);
        writer.WriteFunctions([new FunctionRecord(new FunctionId(1), 1, new ImageAddress(0x1000), new ByteSize(64), "f", "", FunctionFlags.AllExitsPatched)]);
        writer.WriteSites([new SiteRecord(new SiteId(1), new FunctionId(1), SiteKind.Entry), new SiteRecord(new SiteId(2), new FunctionId(1), SiteKind.Exit)]);
        writer.WriteThreads([new ThreadRecord(new Tid(7), "prog")]);
        for (int i = 0; i < 2 * calls; i += EventsAtOnce)
            writer.WriteEvents(new Tid(7), [.. Enumerable.Range(i, Math.Min(EventsAtOnce, (2 * calls) - i)).Select(n => new TraceEvent(new TscTime(100 + (800 * (ulong)n)), new SiteId(1 + ((uint)n & 1)), 64))]);
        writer.Finish();
        return path;
    }
}

using System.Diagnostics;
using Calltap.LiveTests.Cli;

namespace Calltap.LiveTests.View;

/// <summary>When <c>calltap view</c> opens a browser, and what it gives to it: a stand-in for xdg-open says.</summary>
public sealed class ViewBrowserTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("DISPLAY=:9", "", true)]
    [InlineData("WAYLAND_DISPLAY=w", "", true)]
    [InlineData("DISPLAY=:9", "--no-open", false)]
    [InlineData("DISPLAY=", "", false)]
    public void A_browser_is_opened_from_a_terminal_on_a_desktop_alone_and_the_token_is_no_argument(string display, string option, bool isOpened)
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using var folder = new ScratchFolder();
        Desktop(folder);
        // A terminal: `script` has one for what it runs, and hangs up when it ends.
        string command = $"exec env -u DISPLAY -u WAYLAND_DISPLAY TERM=xterm PATH={folder.Path}:$PATH {display} script -qfec \"$* {option}\" {folder.File("log")}";
        using (CliRun run = CliRun.StartBy(["sh", "-c", command, "sh"], "view", trace.Path))
        {
            WaitFor(() => File.Exists(folder.File("log")) && File.ReadAllText(folder.File("log")).Contains("serving this page", StringComparison.Ordinal), "it serves");
            if (isOpened) WaitFor(() => File.Exists(folder.File("opened")), "a browser is opened");
            else Thread.Sleep(500);
            Assert.Equal(isOpened, File.Exists(folder.File("opened")));
            if (!isOpened) return;
            string address = File.ReadLines(folder.File("log")).Select(line => line.Trim()).First(line => line.StartsWith("http://127.0.0.1:", StringComparison.Ordinal));
            string[] arguments = File.ReadAllLines(folder.File("opened"));
            Assert.Equal(["1"], arguments[..1]);
            Assert.EndsWith("/view.html", arguments[1]);
            Assert.Equal("700", arguments[2]); // of its folder
            Assert.Contains($"url={address}\"", arguments[3]);
        }
    }

    [Fact]
    public void Without_a_terminal_there_is_none()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using var folder = new ScratchFolder();
        Desktop(folder);
        using CliRun run = CliRun.StartBy(["env", $"PATH={folder.Path}:{Environment.GetEnvironmentVariable("PATH")}", "DISPLAY=:9"], "view", trace.Path);
        run.WaitFor("serving this page");
        Thread.Sleep(500);
        Assert.False(File.Exists(folder.File("opened")));
    }

    static void Desktop(ScratchFolder folder)
    {
        string opened = folder.File("opened"), browser = folder.File("xdg-open");
        File.WriteAllText(browser, $"#!/bin/sh\n{{ echo $#; echo \"$1\"; stat -c %a \"$(dirname \"$1\")\"; cat \"$1\"; }} > {opened}.part\nmv {opened}.part {opened}\n");
        File.SetUnixFileMode(browser, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    static void WaitFor(Func<bool> holds, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, $"not in time: {what}");
            Thread.Sleep(20);
        }
    }
}

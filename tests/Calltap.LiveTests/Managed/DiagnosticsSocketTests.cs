using System.Diagnostics;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Programs;
using Calltap.Managed;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

public sealed class DiagnosticsSocketTests
{
    const int SIGSTOP = 19, SIGCONT = 18;

    static readonly ManagedOptions s_little = new() { Threads = 1, Kinds = ["plain", "late"] };

    [Fact]
    public void The_runtime_says_what_it_is()
    {
        using var program = ManagedProgram.Start(options: s_little);
        DotNetIdentity identity = DiagnosticsSocket.Find(program.Pid).Identify();
        Assert.Equal(program.Pid.Value, identity.Id);
        Assert.Equal(DotNetProcess.Find(program.Pid)?.Version, identity.Version?.Split('+')[0]);
        Assert.Equal(("x64", "managed", "linux-x64"), (identity.Architecture, identity.EntryAssembly, identity.RuntimeIdentifier));
        Assert.EndsWith("1 plain late", identity.CommandLine, StringComparison.Ordinal);
        program.AssertRight();
    }

    [Fact]
    public void It_writes_its_methods_and_each_new_one_until_told_to_end()
    {
        using var program = ManagedProgram.Start(options: s_little);
        string map = $"/tmp/perf-{program.Pid}.map";
        try
        {
            DiagnosticsSocket socket = DiagnosticsSocket.Find(program.Pid);
            socket.EnablePerfMap(PerfMapKind.PerfMap);
            Assert.Contains("Managed.Plain::Add", File.ReadAllText(map), StringComparison.Ordinal);
            Assert.DoesNotContain("Managed.Late::Late199", File.ReadAllText(map), StringComparison.Ordinal);
            program.BeginLate();
            Assert.True(SpinWait.SpinUntil(() => File.ReadAllText(map).Contains("Managed.Late::Late199", StringComparison.Ordinal), TimeSpan.FromSeconds(20)));
            socket.DisablePerfMap();
            program.AssertRight();
        }
        finally
        {
            File.Delete(map);
        }
    }

    [Fact]
    public void It_is_found_in_a_folder_of_the_process_whose_path_is_too_long_from_here()
    {
        using var folder = new ScratchFolder();
        string temporary = folder.File(new string('t', 35));
        Directory.CreateDirectory(temporary);
        using var program = ManagedProgram.Start(options: s_little with { Environment = [$"TMPDIR={temporary}"] });
        DiagnosticsSocket socket = DiagnosticsSocket.Find(program.Pid);
        Assert.StartsWith($"/proc/{program.Pid}/root{temporary}/dotnet-diagnostic-", socket.Path, StringComparison.Ordinal);
        Assert.True(socket.Path.Length > 107, socket.Path);
        Assert.Equal(program.Pid.Value, socket.Identify().Id);
        program.AssertRight();
    }

    [Fact]
    public void It_is_found_in_mounts_that_only_the_process_has()
    {
        const string Folder = "/mnt", Mount = $"mount -t tmpfs none {Folder} && exec \"$@\"";
        string[] through = ["unshare", "--mount", "sh", "-c", Mount, "sh"];
        using (var trial = SpawnedProgram.Start(through[0], [.. through[1..], "true"]))
            Assert.SkipUnless(trial.WaitForExit(TimeSpan.FromSeconds(10)) == 0, $"may not mount: {trial.Output}");
        using var program = ManagedProgram.Start(options: s_little with { Environment = [$"TMPDIR={Folder}"], Through = through });
        DiagnosticsSocket socket = DiagnosticsSocket.Find(program.Pid);
        Assert.False(File.Exists(socket.Path[$"/proc/{program.Pid}/root".Length..]));
        Assert.Equal(program.Pid.Value, socket.Identify().Id);
        program.AssertRight();
    }

    [Fact]
    public void A_stopped_process_is_not_waited_for()
    {
        using var program = ManagedProgram.Start(options: s_little);
        program.Send(SIGSTOP);
        Assert.True(SpinWait.SpinUntil(() => ProcFiles.Threads(program.Pid).All(thread => IsStopped(program.Pid, thread)), TimeSpan.FromSeconds(10)));
        var watch = Stopwatch.StartNew();
        var e = Assert.Throws<DiagnosticsException>(() => DiagnosticsSocket.Find(program.Pid).Identify());
        Assert.Contains("did not answer within 2 s", e.Message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 1.5, 8);
        program.Send(SIGCONT);
        Assert.Equal(program.Pid.Value, DiagnosticsSocket.Find(program.Pid).Identify().Id);
        program.AssertRight();
    }

    [Fact]
    public void Without_a_socket_it_says_so()
    {
        using var folder = new ScratchFolder();
        using var program = ManagedProgram.Start(options: s_little with { Environment = ["DOTNET_EnableDiagnostics=0", $"TMPDIR={folder.Path}"] });
        File.WriteAllBytes(folder.File($"dotnet-diagnostic-{program.Pid}-1-socket"), []); // left by an earlier process of that number
        var e = Assert.Throws<DiagnosticsException>(() => DiagnosticsSocket.Find(program.Pid));
        Assert.Contains("DOTNET_EnableDiagnostics=0", e.Message, StringComparison.Ordinal);
        program.AssertRight();
    }

    /// <summary>The signal is sent before the last thread has stopped.</summary>
    static bool IsStopped(Pid pid, Tid thread) => ProcStatus.TryRead(ProcFiles.Thread(pid, thread, "status")) is { State: 'T' };
}

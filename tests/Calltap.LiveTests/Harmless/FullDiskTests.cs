using System.Text.Json;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;

namespace Calltap.LiveTests.Harmless;

/// <summary>A trace file that can't grow: the command says so and ends as documented, the target is restored, and what was written is readable.</summary>
[Collection(EngineTests.Name)]
public sealed class FullDiskTests
{
    const string Restored = "stopped: the file could not be written; all bytes restored and verified";

    /// <summary>The kernel sends SIGXFSZ, which would end the tracer with functions armed.</summary>
    [Fact]
    public void A_limit_of_the_file_size_ends_the_recording_and_not_the_tracer()
    {
        using var folder = new ScratchFolder();
        using BusyDemo demo = BusyDemo.Start();
        string trace = folder.File("t");
        // The runtime itself wants a large file for its code, unless told otherwise.
        using CliRun record = CliRun.StartBy(["env", "DOTNET_EnableWriteXorExecute=0", "prlimit", "--fsize=300000"], "record", "-p", demo.PidText, "-o", trace, "--duration", "60s");
        record.AssertEnds(2);
        AssertEnded(record, trace, demo);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_full_disk_ends_the_recording_and_not_the_tracer(bool launched)
    {
        using var folder = new ScratchFolder();
        using var disk = new TinyDisk(folder.Path, "300k");
        string trace = Path.Combine(disk.Path, "t");
        if (!launched)
        {
            using BusyDemo demo = BusyDemo.Start();
            using CliRun record = CliRun.Run(2, "record", "-p", demo.PidText, "-o", trace, "--duration", "60s");
            AssertEnded(record, trace, demo);
            return;
        }
        using CliRun launching = CliRun.Run(2, "record", "-o", trace, "--duration", "60s", "--", BusyDemo.Path, "-", "4", "2");
        AssertEnded(launching, trace, null);
    }

    /// <summary>The helper thread, which meets the limit in the target, has its signals blocked: the process is refused, not ended.</summary>
    [Theory]
    [InlineData(1_000_000)]
    [InlineData(1_000_000_000)]
    public void A_target_with_a_limit_of_its_own_is_refused_and_goes_on(long limit)
    {
        using var folder = new ScratchFolder();
        using SpawnedProgram program = SpawnedProgram.Start("prlimit", $"--fsize={limit}", BusyDemo.Path, "-", "60", "2");
        string pid = $"{program.Pid}";
        Assert.True(SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{pid}/comm").StartsWith("calltap-demo", StringComparison.Ordinal), EngineTests.Patience));
        Assert.Contains("ulimit -f", CliRun.RunBad(3, "record", "-p", pid, "-o", folder.File("t")));
        Assert.True(program.IsRunning, $"the program has ended: {program.Output}");
        CliRun.Run(1, "status", "-p", pid).Dispose(); // nothing is armed
    }

    static void AssertEnded(CliRun record, string trace, BusyDemo? demo)
    {
        Assert.Contains(Restored, record.Errors);
        Assert.Contains("what was written is readable", record.Errors.Split('\n')[^1]);
        demo?.AssertRight();
        Assert.InRange(new FileInfo(trace).Length, 100_000, 310_000);
        using CliRun report = CliRun.Run(0, "report", trace, "--json", "--force"); // cut off, read up to there
        Assert.True(JsonDocument.Parse(report.Output).RootElement.GetProperty("events").GetInt64() > 1000, report.Output);
    }

    /// <summary>A file system in memory. Mounting needs root.</summary>
    sealed class TinyDisk : IDisposable
    {
        public TinyDisk(string folder, string size)
        {
            Path = System.IO.Path.Combine(folder, "disk");
            Directory.CreateDirectory(Path);
            using SpawnedProgram mount = SpawnedProgram.Start("mount", "-t", "tmpfs", "-o", $"size={size}", "calltap-test", Path);
            Assert.SkipUnless(mount.WaitForExit(EngineTests.Patience) == 0, $"a file system can't be mounted here: {mount.Output}");
        }

        public string Path { get; }

        public void Dispose()
        {
            using SpawnedProgram unmount = SpawnedProgram.Start("umount", Path);
            unmount.WaitForExit(EngineTests.Patience);
        }
    }
}

using System.Globalization;

namespace Calltap.LiveTests.Surroundings;

/// <summary>A control group with a limit of its threads (pids.max). Removed when disposed, by then empty.</summary>
sealed class PidsGroup : IDisposable
{
    readonly string _folder, _parent;

    PidsGroup(string parent)
    {
        _parent = parent;
        _folder = Path.Combine(parent, $"calltap-test-{Environment.ProcessId}");
        Directory.CreateDirectory(_folder);
    }

    /// <summary>Makes one below the root of the hierarchy; skips the test where that is not possible.</summary>
    public static PidsGroup Create()
    {
        try
        {
            string? parent = new[] { "/sys/fs/cgroup/pids", "/sys/fs/cgroup" }.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "cgroup.procs")));
            Assert.SkipWhen(parent is null, "no control groups here");
            var group = new PidsGroup(parent!);
            if (File.Exists(Path.Combine(group._folder, "pids.max"))) return group;
            group.Dispose();
            Assert.Skip("no control group for pids here");
            throw new InvalidOperationException();
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            Assert.Skip($"no control group can be made: {e.Message}");
            throw;
        }
    }

    public void Add(Pid pid) => Write(_folder, "cgroup.procs", pid.Value);

    public void Limit(int threads) => Write(_folder, "pids.max", threads);

    public void Dispose()
    {
        foreach (string pid in File.ReadAllLines(Path.Combine(_folder, "cgroup.procs"))) Write(_parent, "cgroup.procs", int.Parse(pid, CultureInfo.InvariantCulture));
        Directory.Delete(_folder); // rmdir: its files are no files
    }

    static void Write(string folder, string file, int value) => File.WriteAllText(Path.Combine(folder, file), value.ToString(CultureInfo.InvariantCulture));
}

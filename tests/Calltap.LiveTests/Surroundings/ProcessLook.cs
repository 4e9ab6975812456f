using System.Globalization;
using System.Security.Cryptography;
using Calltap.LiveTests.Engine;
using Calltap.Target;

namespace Calltap.LiveTests.Surroundings;

/// <summary>What can be seen of a process from outside and has to be as it was when tracing it was refused.</summary>
/// <param name="Text">A digest of all code that comes from files.</param>
/// <param name="Threads">Its threads.</param>
/// <param name="Descriptors">Its open files.</param>
/// <param name="Mappings">Where each mapping starts and ends.</param>
sealed record ProcessLook(string Text, int Threads, int Descriptors, IReadOnlySet<string> Mappings)
{
    public static ProcessLook At(Pid pid)
    {
        string[] maps = File.ReadAllLines($"/proc/{pid}/maps");
        return new ProcessLook(
            DigestOf(pid, maps.Where(line => line.Contains(" r-xp ", StringComparison.Ordinal) && line.Contains('/', StringComparison.Ordinal))),
            Directory.GetDirectories($"/proc/{pid}/task").Length, Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length,
            maps.Select(line => line.Split(' ')[0]).ToHashSet());
    }

    /// <summary>That nothing is there now that was not, but for the page of the helper's code. A helper that was not asked to leave does so within a moment.</summary>
    public static void AssertUnchanged(ProcessLook before, Pid pid)
    {
        Deadline.In(EngineTests.Patience).Poll(() => At(pid).Mappings.Except(before.Mappings).Count() <= 1);
        ProcessLook now = At(pid);
        Assert.Equal((before.Text, before.Threads, before.Descriptors), (now.Text, now.Threads, now.Descriptors));
        Assert.InRange(now.Mappings.Except(before.Mappings).Count(), 0, 1);
    }

    static string DigestOf(Pid pid, IEnumerable<string> text)
    {
        using FileStream memory = File.OpenRead($"/proc/{pid}/mem");
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string line in text)
        {
            long[] range = [.. line.Split(' ')[0].Split('-').Select(at => long.Parse(at, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            var bytes = new byte[range[1] - range[0]];
            memory.Position = range[0];
            memory.ReadExactly(bytes);
            hash.AppendData(bytes);
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}

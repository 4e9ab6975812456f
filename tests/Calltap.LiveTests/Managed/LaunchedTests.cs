using System.Buffers.Binary;
using System.Text.Json;
using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>A .NET program that calltap starts is traced from the first call of its Main on.</summary>
[Collection(EngineTests.Name)]
public sealed class LaunchedTests
{
    const int ControlSize = 65536, End = 2;

    [Theory]
    [InlineData("net10.0")]
    [InlineData("net9.0")]
    [InlineData("net8.0")]
    public void Main_is_seen(string framework)
    {
        Assert.SkipUnless(TracedManaged.MapsAreServed, "this kernel, or this user, serves no file systems (fuse)");
        using var folder = new ScratchFolder();
        var control = new byte[ControlSize];
        BinaryPrimitives.WriteInt64LittleEndian(control, End); // it ends as soon as it has looked
        File.WriteAllBytes(folder.File("control"), control);
        using CliRun count = CliRun.Run(0, ["count", "--managed", "--json", "--", .. new ManagedBuild(framework).OrSkip().Command, folder.File("control"), "1", "plain"]);
        using JsonDocument counted = JsonDocument.Parse(count.Output);
        Dictionary<string, long> calls = counted.RootElement.GetProperty("functions").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!, f => f.GetProperty("calls").GetInt64());
        Assert.Equal((1, 1), (calls.GetValueOrDefault("Managed.Program.Main(string[])"), calls.GetValueOrDefault("Managed.Program.Run(int,string[])")));
        Assert.Contains("while the thread that had compiled them waited", count.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("left out", count.Errors, StringComparison.Ordinal); // room was taken before the runtime took it
        Assert.DoesNotContain(File.ReadLines("/proc/self/mounts"), line => line.StartsWith("calltap ", StringComparison.Ordinal));
    }
}

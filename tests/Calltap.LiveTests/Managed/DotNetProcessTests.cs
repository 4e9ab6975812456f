using Calltap.LiveTests.Programs;
using Calltap.Managed;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

public sealed class DotNetProcessTests
{
    static readonly ManagedOptions s_little = new() { Threads = 1, Kinds = ["plain"] };

    [Fact]
    public void A_process_on_the_shared_runtime_is_known_by_the_folder()
    {
        using var program = ManagedProgram.Start(options: s_little);
        DotNetProcess process = Assert.IsType<DotNetProcess>(DotNetProcess.Find(program.Pid));
        Assert.Equal(DotNetHosting.Shared, process.Hosting);
        Assert.StartsWith("10.0.", process.Version, StringComparison.Ordinal);
        Assert.EndsWith("/libcoreclr.so", process.RuntimePath, StringComparison.Ordinal);
        program.AssertRight();
    }

    [Theory]
    [InlineData("net8.0", "8.0.")]
    [InlineData("net9.0", "9.0.")]
    public void A_runtime_of_its_own_is_known_by_its_library(string framework, string version)
    {
        using var program = ManagedProgram.Start(new ManagedBuild(framework).OrSkip(), s_little);
        DotNetProcess process = Assert.IsType<DotNetProcess>(DotNetProcess.Find(program.Pid));
        Assert.Equal(DotNetHosting.SelfContained, process.Hosting);
        Assert.StartsWith(version, process.Version, StringComparison.Ordinal);
        Assert.Equal(process.Version, DiagnosticsSocket.Find(program.Pid).Identify().Version?.Split('+')[0]);
        program.AssertRight();
    }

    [Fact]
    public void A_runtime_within_the_program_is_known_by_what_it_exports()
    {
        using var program = ManagedProgram.Start(new ManagedBuild("net10.0") { IsSingleFile = true }.OrSkip(), s_little);
        DotNetProcess process = Assert.IsType<DotNetProcess>(DotNetProcess.Find(program.Pid));
        Assert.Equal((DotNetHosting.SingleFile, null), (process.Hosting, process.Version));
        Assert.StartsWith("10.0.", DiagnosticsSocket.Find(program.Pid).Identify().Version, StringComparison.Ordinal);
        program.AssertRight();
    }

    [Fact]
    public void Other_processes_are_none()
    {
        using var other = SpawnedProgram.Start("sleep", "60");
        Assert.Null(DotNetProcess.Find(other.Pid));
        other.Send(NativeSpawn.SIGKILL);
        other.WaitForExit(TimeSpan.FromSeconds(10));
        Assert.Null(DotNetProcess.Find(other.Pid));
    }

    [Theory]
    [InlineData("DOTNET_EnableWriteXorExecute=1", true)]
    [InlineData("DOTNET_EnableWriteXorExecute=0", false)]
    public void The_memory_file_of_compiled_methods_is_found_where_there_is_one(string variable, bool isOn)
    {
        using var program = ManagedProgram.Start(options: s_little with { Environment = [variable] });
        using TargetProcess target = TargetProcess.Open(program.Pid);
        List<MemoryMapping> code = [.. target.ReadMappings().Where(CodeFile.IsMapped)];
        Assert.Equal(isOn, code.Count > 0);
        Assert.All(code, mapping => Assert.NotNull(target.CodeFileOf(mapping)));
        program.AssertRight();
    }
}

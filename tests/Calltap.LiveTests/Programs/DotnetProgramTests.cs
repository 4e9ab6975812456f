using Calltap.Modules;
using Calltap.Probes;
using Calltap.Symbols;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Programs;

/// <summary>A program that runs on CoreCLR: the assemblies that the runtime has mapped are modules like others.</summary>
public sealed class DotnetProgramTests
{
    const string CoreLib = "System.Private.CoreLib.dll";

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Methods_compiled_ahead_of_time_are_where_the_catalog_says()
    {
        using SpawnedProgram program = StartWaiting();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Libraries, []);
        TargetModule module = Assert.Single(catalog.Modules, module => module.Name == CoreLib && !module.Contents.IsCompiled);
        ReadyToRunModule file = ReadyToRunReader.Read(File.ReadAllBytes(module.Path), module.Path);
        List<TargetFunction> methods = [.. catalog.Functions.Where(function => function.Module == module)];
        Assert.Equal(file.Methods.Count, methods.Count);
        Assert.True(methods.Count > 10_000, $"{methods.Count} methods");
        Assert.All(methods, method => Assert.Equal(FunctionSource.ReadyToRun, method.Symbol.Source));
        foreach (TargetFunction method in methods) AssertSameBytes(target, file, method);
    }

    [Theory]
    [InlineData("@System.Private.CoreLib")]
    [InlineData("@System.Private.CoreLib.dll")]
    public void A_pattern_brings_an_assembly_in(string pattern)
    {
        using SpawnedProgram program = StartWaiting();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, [new FunctionFilter([FunctionPattern.Parse(pattern)], [])]);
        Assert.Contains(catalog.Modules, module => module.Name == CoreLib);
    }

    static void AssertSameBytes(TargetProcess target, ReadyToRunModule file, TargetFunction method)
    {
        byte[] live = new byte[method.Symbol.Size.Value];
        Assert.Equal(live.Length, target.ReadMemory(method.Address, live));
        Assert.True(file.BytesFrom(method.Symbol.Address).Span.StartsWith(live), method.Name);
    }

    /// <summary>The program of these tests, which waits for a debugger when told so.</summary>
    static SpawnedProgram StartWaiting()
    {
        SpawnedProgram program = SpawnedProgram.Start("dotnet", "exec", typeof(DotnetProgramTests).Assembly.Location, "-waitForDebugger");
        bool waits = SpinWait.SpinUntil(() => program.Output.Contains("Waiting for debugger", StringComparison.Ordinal) || !program.IsRunning, s_patience);
        Assert.True(waits && program.IsRunning, program.Output);
        return program;
    }
}

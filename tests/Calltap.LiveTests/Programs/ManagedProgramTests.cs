namespace Calltap.LiveTests.Programs;

/// <summary>The oracle must be right before anything is compared with it.</summary>
public sealed class ManagedProgramTests
{
    [Theory]
    [InlineData("DOTNET_gcConcurrent=1")]
    [InlineData("DOTNET_gcConcurrent=0")]
    [InlineData("DOTNET_gcServer=1")]
    [InlineData("DOTNET_EnableWriteXorExecute=0")]
    [InlineData("DOTNET_TieredCompilation=0")]
    [InlineData("DOTNET_TieredPGO=0")]
    public void Every_method_is_called_and_every_result_is_right(string variable) => RunAll(ManagedBuild.Usual, variable);

    [Theory]
    [InlineData("net8.0")]
    [InlineData("net9.0")]
    public void So_it_is_on_earlier_runtimes(string framework) => RunAll(new ManagedBuild(framework).OrSkip(), "DOTNET_gcConcurrent=1");

    [Fact]
    public void Nothing_is_called_while_it_pauses()
    {
        using var program = ManagedProgram.Start();
        for (int i = 0; i < 5; i++)
        {
            IReadOnlyDictionary<string, ManagedCalls> before = program.Pause();
            Thread.Sleep(50);
            Assert.Equal(before, program.Pause());
            long rounds = program.Rounds;
            program.Resume();
            Assert.True(SpinWait.SpinUntil(() => program.Rounds > rounds, TimeSpan.FromSeconds(20)));
        }

        program.AssertRight();
    }

    [Fact]
    public void Late_methods_are_called_when_they_may_be()
    {
        using var program = ManagedProgram.Start(options: new ManagedOptions { Threads = 2, Kinds = ["plain", "late"] });
        Assert.Equal(0, LateCalls(program));
        program.BeginLate();
        program.Resume();
        long rounds = program.Rounds;
        Assert.True(SpinWait.SpinUntil(() => program.Rounds > rounds + 10, TimeSpan.FromSeconds(20)));
        Assert.True(LateCalls(program) >= 200);
        program.AssertRight();
    }

    static long LateCalls(ManagedProgram program) => program.Pause().Where(method => method.Key.Contains(".Late.", StringComparison.Ordinal)).Sum(method => method.Value.Entered);

    static void RunAll(ManagedBuild build, string variable)
    {
        using var program = ManagedProgram.Start(build, new ManagedOptions { Environment = [variable] });
        program.BeginLate();
        Thread.Sleep(2000);
        IReadOnlyDictionary<string, ManagedCalls> calls = program.Pause();
        Assert.Empty(calls.Where(method => method.Value.Entered == 0).Select(method => method.Key));
        Assert.True(calls["Managed.Exceptions.Rethrow"] is { Returned: 0, Unwound: > 0 });
        Assert.All(calls.Values, counted => Assert.InRange(counted.Unwound, 0, counted.Entered));
        program.AssertRight();
    }
}

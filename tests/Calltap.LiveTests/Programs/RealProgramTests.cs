namespace Calltap.LiveTests.Programs;

/// <summary>The real programs do their checked work when nobody traces them.</summary>
public sealed class RealProgramTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Python_gives_one_digest()
    {
        Assert.SkipUnless(PythonProgram.IsInstalled, "python3 is not installed (Debian: apt-get install python3)");
        Assert.Equal(RunPython(), RunPython());
    }

    [Fact]
    public void Redis_answers_what_was_written()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "redis is not installed (Debian: apt-get install redis-server redis-tools)");
        using var server = RedisServer.Start();
        using var benchmark = server.StartBenchmark(2000);
        Assert.Equal(0, server.WrongEchoes(50));
        Assert.Equal(0, benchmark.WaitForExit(s_patience));
        Assert.True(server.Program.IsRunning);
    }

    [Fact]
    public void Compiler_gives_one_digest()
    {
        var compiler = CompilerAtWork.FindCompiler();
        Assert.SkipWhen(compiler is null, "gcc's cc1 is not installed (Debian: apt-get install gcc)");
        var first = Compile(compiler!, 10);
        Assert.Equal(first, Compile(compiler!, 10));
        Assert.NotEqual(first, Compile(compiler!, 11));
    }

    static string RunPython()
    {
        using var python = PythonProgram.Start(0.2);
        Assert.Equal(0, python.WaitForExit(s_patience));
        return PythonProgram.Digest(python.Output) ?? throw new InvalidOperationException(python.Output);
    }

    static string Compile(string compiler, int functions)
    {
        using var work = CompilerAtWork.Start(compiler, functions);
        Assert.True(work.Program.WaitForExit(s_patience) == 0, work.Program.Output);
        return work.Digest;
    }
}

using Calltap.LiveTests.Programs;
using Calltap.LiveTests.Target;
using Calltap.Modules;
using Calltap.Probes;
using Calltap.Recording;
using Calltap.Trace;

namespace Calltap.LiveTests.Engine;

/// <summary>Real programs, all their own functions armed live for a while, while their work is checked.</summary>
[Collection(EngineTests.Name)]
public sealed class RealProgramsTracedTests(ITestOutputHelper output)
{
    static readonly TimeSpan s_recording = TimeSpan.FromSeconds(LiveTest.Repeat(1, 8) / 4.0);

    [Fact]
    public void Python_gives_the_same_digest()
    {
        Assert.SkipUnless(PythonProgram.IsInstalled, "python3 is not installed (Debian: apt-get install python3)");
        using SpawnedProgram untraced = PythonProgram.Start(0.2);
        using SpawnedProgram python = PythonProgram.Start(LiveTest.Repeat(4, 30));
        Assert.Equal(0, untraced.WaitForExit(EngineTests.Patience));
        Await(() => python.Output.Contains("ready", StringComparison.Ordinal));
        Record(python.Pid, FunctionFilter.Parse(["@libpython*", "@python*"], []));
        int code = python.WaitForExit(EngineTests.Patience);
        Assert.True(code == 0, $"exit code {code}: {python.Output}");
        Assert.Equal(PythonProgram.Digest(untraced.Output), PythonProgram.Digest(python.Output));
    }

    [Fact]
    public void Redis_answers_what_was_written()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "redis is not installed (Debian: apt-get install redis-server redis-tools)");
        using RedisServer server = RedisServer.Start();
        using SpawnedProgram benchmark = server.StartBenchmark(30_000);
        int wrong = 0;
        Record(server.Program.Pid, FunctionFilter.All, () => wrong += server.WrongEchoes(50));
        wrong += server.WrongEchoes(50);
        Assert.Equal(0, wrong);
        Assert.Equal(0, benchmark.WaitForExit(EngineTests.Patience));
        Assert.True(server.Program.IsRunning);
    }

    [Fact]
    public void Compiler_writes_the_same_code()
    {
        string? compiler = CompilerAtWork.FindCompiler();
        Assert.SkipWhen(compiler is null, "gcc's cc1 is not installed (Debian: apt-get install gcc)");
        const int Functions = 900;
        using CompilerAtWork traced = CompilerAtWork.Start(compiler!, Functions);
        using CompilerAtWork untraced = CompilerAtWork.Start(compiler!, Functions);
        Record(traced.Program.Pid, FunctionFilter.All);
        Assert.True(traced.Program.WaitForExit(EngineTests.Patience * 2) == 0, traced.Program.Output);
        Assert.True(untraced.Program.WaitForExit(EngineTests.Patience) == 0, untraced.Program.Output);
        Assert.Equal(untraced.Digest, traced.Digest);
    }

    void Record(Pid pid, FunctionFilter filter, Action? meanwhile = null)
    {
        using TraceSession session = TraceSession.Attach(pid, new SessionOptions { Filters = [filter] });
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.Open(path, FileMode.Open))
            using (var recorder = new Recorder(session, file, new RecordOptions()))
            {
                ArmReport armed = recorder.Add([new Op(OpKind.Graph, filter, "all")]);
                output.WriteLine($"armed {armed.Armed} of {armed.Wanted} in {armed.Batch.Window.TotalMilliseconds:0} ms, {armed.Batch.Traps.Hits} hits");
                output.WriteLine($"refused: {string.Join(", ", armed.Refused.GroupBy(r => r.Reason).OrderByDescending(g => g.Count()).Select(g => $"{g.Count()} x {g.Key}"))}");
                Assert.True(armed.Armed > armed.Wanted * 6 / 10);
                Thread.Sleep(s_recording);
                meanwhile?.Invoke();
                ArmReport? disarmed = recorder.Stop();
                Assert.True(disarmed is not null, "the program ended too early for this test");
                Assert.Empty(disarmed.Batch.Refused);
                output.WriteLine($"{recorder.Progress.Events} events, {recorder.Progress.LostEntries} calls lost, {recorder.Progress.Written.Value >> 20} MB");
            }
            TextImage.AssertRestored(session.Target, session.Catalog);
            AssertReadable(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    static void AssertReadable(string path)
    {
        using FileStream file = File.OpenRead(path);
        using TraceReader reader = TraceReader.Open(file, path);
        Assert.True(reader.IsComplete);
        var builder = new Counter();
        var calls = new CallReader(reader.Catalog, _ => builder);
        reader.Read(calls);
        calls.Finish();
        Assert.Null(reader.Damage);
        Assert.True(builder.Calls > 10_000, $"{builder.Calls} calls");
        Assert.Equal(0, calls.Threads.Values.Sum(t => t.UnknownSites));
        Assert.Equal(builder.Calls, builder.Ends);
    }

    static void Await(Func<bool> condition) => Assert.True(Calltap.Target.Deadline.In(EngineTests.Patience).Poll(condition));

    sealed class Counter : ICallVisitor
    {
        public long Calls { get; private set; }

        public long Ends { get; private set; }

        public void OnEntry(FunctionId function, int depth, long parent, TscTime start) => Calls++;

        public void OnCall(in Call call) => Ends++;
    }
}

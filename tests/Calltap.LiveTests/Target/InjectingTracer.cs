using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using Calltap.Native;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

/// <summary>
/// A tracer to be killed: this test program, run again, which does nothing but inject, start a helper, use it and end it, over and over. It counts its
/// rounds in a file.
/// </summary>
internal sealed class InjectingTracer : IDisposable
{
    private const string Switch = "--calltap-inject";
    private const int NR_getpid = 39;
    private const int CodeAreaBytes = 65536;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _rounds;

    /// <summary>Starts it; with <paramref name="holdAfter"/> it stops for good in the midst of its first injection, after so many injected calls.</summary>
    internal InjectingTracer(Pid target, int? holdAfter = null)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("calltap-rounds-").FullName, "rounds");
        File.WriteAllBytes(path, new byte[sizeof(long)]);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        _rounds = _file.CreateViewAccessor();
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileName(program) == "dotnet" ? [program, typeof(InjectingTracer).Assembly.Location] : [program];
        Pid = Spawn.Start(program, [.. self, Switch, $"{target}", path, $"{holdAfter}"]).OrThrow("posix_spawn");
    }

    internal Pid Pid { get; }

    /// <summary>Rounds it has finished; -1 when it is about to begin its first.</summary>
    internal long Rounds => _rounds.ReadInt64(0);

    internal void AwaitRounds(Func<long, bool> enough) => Assert.True(Deadline.In(s_patience).Poll(() => enough(Rounds)), "the tracer makes no progress");

    internal void Kill()
    {
        Signals.Kill(Pid, Signals.SIGKILL).OrThrow("kill");
        Wait.ForExitOf(Pid, out siginfo_t report).OrThrow("waitid");
        Assert.Equal(Wait.CLD_KILLED, report.si_code); // It was at work, not at an error of its own.
    }

    public void Dispose()
    {
        _rounds.Dispose();
        _file.Dispose();
    }

    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        string[] arguments = Environment.GetCommandLineArgs();
        int at = Array.IndexOf(arguments, Switch);
        if (at < 0)
            return;
        Inject(new Pid(int.Parse(arguments[at + 1], CultureInfo.InvariantCulture)), arguments[at + 2], arguments[at + 3]);
        Environment.Exit(0);
    }

    private static void Inject(Pid pid, string path, string holdAfter)
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using MemoryMappedViewAccessor rounds = file.CreateViewAccessor();
        using TargetProcess target = TargetProcess.Open(pid);
        HelperOptions options = new(FreeArea.Near(target, CodeAreaBytes), new ByteSize(CodeAreaBytes), new ByteSize(65536));
        rounds.Write(0, -1L);
        if (holdAfter.Length > 0)
            Hold(target, rounds, int.Parse(holdAfter, CultureInfo.InvariantCulture));
        for (long round = 1; ; round++)
        {
            using HelperThread helper = HelperThread.Start(target, new TargetTextWriter(target), options);
            helper.Syscall(NR_getpid).OrThrow("getpid");
            if (!helper.Exit())
                throw new TimeoutException("the helper did not leave");
            rounds.Write(0, round);
            options = options with { CodeAreaIsMapped = true };
        }
    }

    private static void Hold(TargetProcess target, MemoryMappedViewAccessor rounds, int calls) =>
        Injection.Run(target, new TargetTextWriter(target), thread =>
        {
            for (int i = 0; i < calls; i++)
                thread.Call(NR_getpid).OrThrow("getpid");
            rounds.Write(0, 1L);
            Thread.Sleep(Timeout.Infinite);
            return 0;
        });
}

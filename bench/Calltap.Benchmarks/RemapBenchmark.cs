using System.Diagnostics;
using Calltap.Cli.Demo;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Benchmarks;

/// <summary>
/// The other way to arm sites of one instruction: a patched copy of the whole text is mapped over it by one mmap(MAP_FIXED) of the helper. No
/// breakpoint is needed, since a thread sees the old page or the new one. Measured beside the poke batch; the engine does not do so (docs/adr).
/// </summary>
static class RemapBenchmark
{
    const int Flips = 40, BusyMs = 100_000;
    const int ProtectionReadExecute = 5, MapPrivateFixed = 0x12;

    static readonly TimeSpan s_notice = TimeSpan.FromSeconds(10);

    /// <summary>Flips forth and back under four busy threads.</summary>
    public static RemapCost Run()
    {
        using BenchProcess process = BenchProcess.Start(4);
        process.Run(BenchCommand.Busy, 100);
        using TraceSession session = TraceSession.Attach(process.Pid, new SessionOptions());
        Op op = RecordedRun.Graph(BenchTarget.FunctionGlob);
        session.Add(op);
        MemoryMapping text = session.Target.ReadMappings().First(m => m.IsExecutable && m.Path == session.Target.ExecutablePath);
        byte[] armed = Read(session.Target, text);
        session.Remove(op);
        byte[] images = [.. Read(session.Target, text), .. new byte[text.Size.Value]];
        int sites = Patch(session, text, armed, images);
        using HelperThread helper = HelperPlace.Start(session.Target, new TargetTextWriter(session.Target), null);
        ulong file = WriteImages(session.Target, helper, images);
        process.Control.Post((int)BenchCommand.Busy, BusyMs);
        process.Control.ResetGaps(s_notice);
        var times = new List<double>();
        for (int i = 0; i < Flips; i++)
        {
            long start = Stopwatch.GetTimestamp();
            ulong offset = i % 2 == 0 ? (ulong)text.Size.Value : 0;
            SysResult<long> mapped = helper.Syscall(
                SystemCall.NR_mmap, text.Start.Value, (ulong)text.Size.Value, ProtectionReadExecute, MapPrivateFixed, file, offset);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            if (!mapped.Ok) throw new InvalidOperationException($"mmap: {mapped.Errno}");
            Thread.Sleep(50);
        }
        TimeSpan stall = process.Control.LongestGap;
        process.RequireRightResults();
        helper.Exit();
        string name = session.Target.ReadMappings().First(m => m.Start == text.Start).Path;
        return new RemapCost(sites, text.Size, times, stall, name);
    }

    /// <summary>The second image: the first, but for the sites of one instruction, which are as they were armed.</summary>
    static int Patch(TraceSession session, MemoryMapping text, byte[] armed, byte[] images)
    {
        int sites = 0;
        int second = (int)text.Size.Value;
        images.AsSpan(0, second).CopyTo(images.AsSpan(second));
        foreach (Site site in session.Sites.Values.SelectMany(f => f.Exits.Prepend(f.Entry)))
        {
            if (site.Plan.InteriorStarts.Count > 0) continue;
            int at = (int)(site.Address - text.Start);
            armed.AsSpan(at, PatchBytes.Length).CopyTo(images.AsSpan(second + at));
            sites++;
        }
        return sites;
    }

    static ulong WriteImages(TargetProcess target, HelperThread helper, byte[] images)
    {
        var calls = new HelperCalls(target, helper);
        TargetAddress name = calls.PlaceString("calltap-remap");
        ulong file = (ulong)calls.Require(helper.Syscall(SystemCall.NR_memfd_create, name.Value, 0), "memfd_create");
        using var stream = new FileStream(
            ProcFiles.Thread(target.Pid, helper.Tid, $"fd/{file}"), FileMode.Open, FileAccess.ReadWrite);
        stream.Write(images);
        stream.Flush();
        return file;
    }

    static byte[] Read(TargetProcess target, MemoryMapping text)
    {
        var bytes = new byte[text.Size.Value];
        return target.ReadMemory(text.Start, bytes) == bytes.Length ? bytes : throw new IOException($"{text.Start} can't be read");
    }
}

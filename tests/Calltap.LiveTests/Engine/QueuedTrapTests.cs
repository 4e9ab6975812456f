using System.Diagnostics;
using Calltap.LiveTests.Target;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.LiveTests.Engine;

/// <summary>
/// What I8 rests on: an interrupted thread may have run into an int3 whose signal it has not got yet. Its pc is that of a thread which is
/// past the int3; only the queue tells them apart.
/// </summary>
[Collection(EngineTests.Name)]
public sealed class QueuedTrapTests(ITestOutputHelper output)
{
    const int RunIntoInt3 = 2;

    [Fact]
    public void An_interrupted_thread_may_have_a_breakpoint_queued_and_the_queue_tells()
    {
        using SmallProgram program = SmallProgram.Start("traps", 1, 1);
        program.Control.Post(RunIntoInt3);
        Tid tid = program.Control.Threads[0].Tid;
        var seen = default(Seen);
        Exception? failure = null;
        var tracer = new Thread(() => // ptrace belongs to a thread; this one detaches by its end
        {
            try
            {
                seen = Interrupt(tid, LiveTest.Repeat(2000, 100_000));
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        tracer.Start();
        tracer.Join();
        output.WriteLine($"{seen}");
        Assert.Null(failure);
        Assert.Equal(0, seen.Contradicted);
        Assert.True(seen.Queued > 0, "no interruption came between an int3 and its signal");
        Assert.True(seen.SamePcUnqueued > 0, "no thread was past the int3: the pc alone would have told");
        program.AssertRight();
    }

    static Seen Interrupt(Tid tid, int times)
    {
        Scheduling.MakeRealTime(tid); // best effort: on a busy machine neither would run for long between two stops
        Scheduling.MakeRealTime(SystemCall.CurrentThread());
        Ptrace.Seize(tid, 0).OrThrow("PTRACE_SEIZE");
        var seen = default(Seen);
        ulong behindInt3 = 0;
        var random = new Random(1);
        for (int i = 0; i < times; i++)
        {
            user_regs_struct registers;
            if (Next(tid, out registers)) throw new InvalidOperationException("no interruption is under way");
            behindInt3 = Deliver(tid, registers);
            RunFor(random.Next(15)); // else it would stop where it was continued
            Ptrace.Interrupt(tid).OrThrow("PTRACE_INTERRUPT");
            while (!Next(tid, out registers)) Deliver(tid, registers);
            bool queued = PendingSignals.HasQueuedBreakpoint(tid);
            if (queued) seen.Queued++;
            else if (registers.rip == behindInt3) seen.SamePcUnqueued++;
            Ptrace.Cont(tid, 0).OrThrow("PTRACE_CONT");
            if (!queued) continue;
            if (Next(tid, out user_regs_struct then) || then.rip != registers.rip) seen.Contradicted++;
            Deliver(tid, then);
        }
        return seen;
    }

    static void RunFor(int microseconds)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMicroseconds < microseconds) { }
    }

    /// <summary>Waits for the next stop; whether it is the interruption's, and not a signal's.</summary>
    static bool Next(Tid tid, out user_regs_struct registers)
    {
        Wait.One(tid, Wait.WSTOPPED, out siginfo_t report).OrThrow("waitid");
        Ptrace.GetRegs(tid, out registers).OrThrow("PTRACE_GETREGS");
        return report.si_status >> 8 == Ptrace.PTRACE_EVENT_STOP;
    }

    static ulong Deliver(Tid tid, in user_regs_struct registers)
    {
        Ptrace.Cont(tid, Signals.SIGTRAP).OrThrow("PTRACE_CONT");
        return registers.rip;
    }

    record struct Seen(int Queued, int SamePcUnqueued, int Contradicted);
}

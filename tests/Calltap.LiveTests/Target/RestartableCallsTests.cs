using Calltap.Native;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

public sealed class RestartableCallsTests
{
    private const long EpollWait = 232;
    private const long Write = 1;
    private const long Close = 3;
    private const long RestartSyscall = 219;

    [Theory]
    [InlineData(-1, 5, false, true)] // User code: as it is.
    [InlineData(EpollWait, RestartableCalls.EINTR, true, true)]
    [InlineData(Write, RestartableCalls.ERESTARTSYS, true, true)]
    [InlineData(Write, 65536, false, true)] // Done in part: the program must see it.
    [InlineData(Close, RestartableCalls.EINTR, false, true)] // The descriptor is freed already.
    [InlineData(Write, RestartableCalls.ERESTART_RESTARTBLOCK, false, false)]
    [InlineData(RestartSyscall, RestartableCalls.ERESTARTNOHAND, false, false)]
    public void A_stopped_thread_continues(long number, long result, bool rewound, bool possible)
    {
        user_regs_struct stopped = new() { rip = 1002, orig_rax = (ulong)number, rax = (ulong)result };
        Assert.Equal(possible, RestartableCalls.TryContinue(stopped, out user_regs_struct continued));
        Assert.Equal(rewound ? 1000u : 1002u, continued.rip);
        Assert.Equal(rewound ? (ulong)number : (ulong)result, continued.rax);
    }

    [Theory]
    [InlineData("1 (a) R 1", "running", 0)]
    [InlineData("1 (a b) S 1", "232 0x4 0x7ffc 0x1 0xffffffff 0x0 0x0 0x7f 0x7f", 1)]
    [InlineData("1 (a) S 1", "232 0x4 0x7ffc 0x1 0x64 0x0 0x0 0x7f 0x7f", RestartableCalls.LastResort)]
    [InlineData("1 (a) D 1", "running", RestartableCalls.Never)]
    [InlineData("1 (R) ) T 1", "running", RestartableCalls.Never)]
    [InlineData("1 (a) S 1", "1 0x4 0x7ffc 0x1 0x0 0x0 0x0 0x7f 0x7f", RestartableCalls.Never)]
    [InlineData("1 (a) S 1", "-1 0x7f 0x7f", RestartableCalls.Never)]
    [InlineData("", "", RestartableCalls.Never)]
    public void Threads_are_ranked_by_what_they_do(string stat, string call, int rank) => Assert.Equal(rank, ThreadCandidate.RankOf(stat, call));
}

using Calltap.Patching;

namespace Calltap.LiveTests.Engine;

/// <summary>Rows for tests that hold whatever an int3 does and whoever answers it.</summary>
public static class AnsweredPolicies
{
    /// <summary>Each policy with each way of answering that it has: only a ptracer can hold a thread (park), and what is passed on is the handler's own affair.</summary>
    public static TheoryData<Int3Policy, Answering> All { get; } = new()
    {
        { Int3Policy.Site, Answering.Guard },
        { Int3Policy.Caller, Answering.Guard },
        { Int3Policy.Park, Answering.Guard },
        { Int3Policy.Site, Answering.HandlerBehindGuard },
        { Int3Policy.Site, Answering.HandlerAlone },
        { Int3Policy.Caller, Answering.HandlerAlone },
    };
}

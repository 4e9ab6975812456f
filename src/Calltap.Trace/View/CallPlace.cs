namespace Calltap.Trace;

/// <summary>Where a call is found.</summary>
/// <param name="Thread">The thread's id in the file.</param>
/// <param name="Call">The call's number in its thread.</param>
/// <param name="Function">The function.</param>
/// <param name="Start">Time of its entry.</param>
/// <param name="Ticks">How long it took; where its end is not known, at most.</param>
/// <param name="Ending">What is known of its end.</param>
/// <param name="Row">The row it is drawn in.</param>
public readonly record struct CallPlace(Tid Thread, int Call, FunctionId Function, ulong Start, ulong Ticks, CallEnding Ending, int Row)
{
    internal static CallPlace Of(ThreadLane lane, int call)
    {
        ref readonly StoredCall stored = ref lane[call];
        return new CallPlace(lane.Id, call, new FunctionId(stored.Function), stored.Start, stored.Ticks, stored.Ending, stored.Row);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>Keeps a stack up to date while it runs outside of a scope's roots: nobody is told of these calls, so there is little to know of them.</summary>
static class OutsideCalls
{
    /// <summary>
    /// Takes events that need no thought, as long as they are of no root. Which of them are entries can't be foreseen, so no branch decides that: there is
    /// one test of whether an event is an entry or an exit in its place, and an exit writes a frame as well, where the next call will.
    /// </summary>
    /// <param name="stack">The stack, whose innermost call lies outside.</param>
    /// <param name="sites">What the sites are.</param>
    /// <param name="roots">Which functions are roots.</param>
    /// <param name="events">The events.</param>
    /// <param name="entries">Number of calls so far.</param>
    /// <returns>How many were taken.</returns>
    public static int Take(CallStack stack, SiteTable sites, bool[] roots, ReadOnlySpan<TraceEvent> events, ref long entries)
    {
        CallFrame[] frames = stack.Frames;
        int count = stack.Count, least = count, most = Math.Min(frames.Length, TraceLimits.MaxOpenCalls), taken = 0;
        ref CallFrame callee = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(frames), count);
        ref TraceEvent next = ref MemoryMarshal.GetReference(events);
        uint last = stack.LastStackLow;
        long index = entries;
        for (; taken < events.Length && count < most; taken++) // so the callee is within the frames
        {
            uint site = sites.Pack(next.Site), stackLow = next.StackLow;
            int function = SiteTable.FunctionOf(site);
            if (!SiteTable.IsNested(site) || ((uint)function < (uint)roots.Length && roots[function]) || !StackSet.IsNear(last, stackLow))
                break;
            int exit = SiteTable.ExitMask(site);
            if (count > 0) // else a call nests in nothing
            {
                ref CallFrame caller = ref Unsafe.Subtract(ref callee, 1);
                uint step = unchecked(caller.StackLow - stackLow);
                // An entry's step is positive; an exit's is 0, and so is the difference of the functions.
                if ((unchecked(step - 1 - (uint)exit) | (uint)((caller.Function ^ function) & exit)) > (uint)((int.MaxValue - 1) & ~exit))
                    break;
            }
            else if (exit != 0)
                break;
            last = stackLow;
            callee.Index = index; // that of the next call: nobody takes what an exit writes for a call that was made
            callee.Told = -1;
            callee.Function = function;
            callee.StackLow = stackLow;
            callee.Depth = -1;
            index += 1 + exit;
            count += 1 + (2 * exit);
            callee = ref Unsafe.Add(ref callee, 1 + (2 * (nint)exit));
            next = ref Unsafe.Add(ref next, 1);
            if (count < least)
                least = count;
        }

        entries = index;
        stack.LastStackLow = last;
        stack.SetCount(count, least);
        return taken;
    }
}

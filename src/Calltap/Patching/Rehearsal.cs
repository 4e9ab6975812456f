using System.Runtime.CompilerServices;
using Calltap.Code;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Goes through the answer to a trap and the looks at a thread once before the first window, with no thread: compiled code still has to find
/// what it calls at the first call, and a thread of the target would wait for that, 0.4 ms altogether. Nothing to do in a NativeAOT binary.
/// </summary>
static class Rehearsal
{
    static int s_done;

    /// <summary>Does it, once in a process. Changes nothing in the target.</summary>
    public static void Run(WindowContext window)
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled || Jump(window) is not { } poke || Interlocked.Exchange(ref s_done, 1) != 0) return;
        Tid nobody = default; // every request gives ESRCH
        ulong site = poke.Site.Address.Value;
        WindowContext context = window with
        {
            KnownSites = new HashSet<ulong> { site },
            Answers = BreakpointAnswers.Of(poke),
            Regions = new RegionMap([poke]),
            Policy = new SitePolicy(),
            Vacating = null,
            AnswersInTarget = false,
            Broken = BrokenRules.NoLateTraps, // no breakpoint stands at the site
        };
        new TrapAnswers(context).Rehearse(nobody, site);
        var observer = new ThreadObserver(context);
        new StopServer(context, new GuardedThreads(), observer).Rehearse(nobody);
        observer.SeenAsleep(window.Target.Pid, new Tid(window.Target.Pid.Value), GuardPhase.Clear, vforkChildIsGuarded: false);
        Ptrace.Interrupt(nobody);
    }

    /// <summary>A poke whose emulation touches registers alone.</summary>
    static Poke? Jump(WindowContext window) => window.Answers.Now.Values.FirstOrDefault(poke => poke.Becoming.Kind == EmulatedKind.Jump);
}

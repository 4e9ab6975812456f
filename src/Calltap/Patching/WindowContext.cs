using Calltap.Target;

namespace Calltap.Patching;

/// <summary>What the guard needs to know of the batch whose window it guards. Built before the window opens.</summary>
/// <param name="Target">The target.</param>
/// <param name="Writer">The writer, for a policy that stores on a stack.</param>
/// <param name="KnownSites">Addresses of all sites ever armed.</param>
/// <param name="Answers">What breakpoints stand for.</param>
/// <param name="Regions">The regions to clear.</param>
/// <param name="Policy">What a thread at a breakpoint does.</param>
/// <param name="Scan">Looks at stacks.</param>
/// <param name="HandlesSignals">Some signal was caught before the window: contexts may be saved on stacks. Without a ptracer it is asked again; the guard always looks.</param>
/// <param name="Vacating">Arenas that are to be given up when no thread is in them; null when none is.</param>
/// <param name="HelperThread">The helper thread: runs our code only, blocks all signals, is left alone.</param>
/// <param name="HeldThread">The thread that a launcher holds at the program's start for the whole window: stopped, outside every region, and
/// not to be seized a second time; default when there is none.</param>
/// <param name="TrapHandler">The code of the trap handler in the target.</param>
/// <param name="AnswersInTarget">It answers the traps of our sites, not the guard.</param>
/// <param name="Broken">Rules left out on purpose, for tests.</param>
sealed record WindowContext(
    TargetProcess Target,
    TargetTextWriter Writer,
    IReadOnlySet<ulong> KnownSites,
    BreakpointAnswers Answers,
    RegionMap Regions,
    IInt3Policy Policy,
    StackScan Scan,
    bool HandlesSignals,
    ArenaWatch? Vacating,
    Tid HelperThread,
    Tid HeldThread,
    (TargetAddress Start, TargetAddress End) TrapHandler,
    bool AnswersInTarget,
    BrokenRules Broken);

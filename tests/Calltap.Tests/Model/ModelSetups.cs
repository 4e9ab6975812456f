namespace Calltap.Tests.Model;

/// <summary>The targets that the tests go through.</summary>
static class ModelSetups
{
    public static Setup One { get; } = new() { Threads = 1 };

    static readonly Setup s_either = One with { SeveralInstructions = [true, false], Groups = true };
    static readonly Setup s_several = One with { SeveralInstructions = [true, true], Groups = true };

    /// <summary>The short form.</summary>
    public static Dictionary<string, Setup> Whole { get; } = new()
    {
        ["two threads, a region of several instructions"] = new Setup { Signals = true },
        ["two threads, a region of one instruction"] = new Setup { SeveralInstructions = [false] },
        ["one thread, a region of either kind"] = One with { SeveralInstructions = [true, false], Signals = true },
        ["SIGTRAP sent to a thread"] = One with { Signals = true, SentTraps = true },
        ["one of two threads blocks SIGTRAP"] = new Setup { LastBlocksTraps = true },
        ["signal handlers block SIGTRAP"] = One with { Signals = true, HandlersBlockTraps = true },
        ["a thread forks"] = One with { Signals = true, Forks = true },
        ["traps answered in the target"] = One with { Signals = true, AnswersInTarget = true },
        ["two groups, a region of either kind"] = s_either with { Signals = true },
        ["two groups, regions of several instructions"] = s_several with { Signals = true },
        ["lists, two threads, a region of several instructions"] = new Setup { ByHelper = true },
        ["lists, two threads, a region of one instruction"] = new Setup { SeveralInstructions = [false], ByHelper = true },
        ["lists, one of two threads blocks SIGTRAP"] = new Setup { SeveralInstructions = [false], ByHelper = true, LastBlocksTraps = true },
        ["lists, a thread forks"] = One with { ByHelper = true, Forks = true },
        ["lists of two groups, a region of either kind"] = s_either with { ByHelper = true, Signals = true },
        ["lists of two groups, regions of several instructions"] = s_several with { ByHelper = true, Signals = true },
        ["lists of two groups, SIGTRAP sent to a thread"] = s_either with { ByHelper = true, SentTraps = true },
        ["lists of two groups, signal handlers block SIGTRAP"] = s_either with { ByHelper = true, Signals = true, HandlersBlockTraps = true },
        ["parked threads, two"] = new Setup { Parks = true },
        ["parked threads, one of two blocks SIGTRAP"] = new Setup { Parks = true, LastBlocksTraps = true },
        ["parked threads, signal handlers block SIGTRAP"] = One with { Parks = true, Signals = true, HandlersBlockTraps = true },
        ["parked threads, SIGTRAP sent to a thread"] = One with { Parks = true, Signals = true, SentTraps = true },
        ["parked threads, a thread forks"] = One with { Parks = true, Forks = true },
        ["parked threads, two groups, a region of either kind"] = s_either with { Parks = true, Signals = true },
        ["parked threads, lists of two groups, regions of several instructions"] = s_several with { Parks = true, ByHelper = true, Signals = true },
        ["nobody traced, two threads, a region of several instructions"] = new Setup { Onlooks = true, Signals = true },
        ["nobody traced, SIGTRAP sent to a thread, a region of either kind"] = One with { SeveralInstructions = [true, false], Onlooks = true, Signals = true, SentTraps = true },
        ["nobody traced, lists of two groups, regions of several instructions"] = s_several with { Onlooks = true, ByHelper = true, Signals = true },
    };

    /// <summary>The long form.</summary>
    public static Dictionary<string, Setup> Large { get; } = new()
    {
        ["three threads, a region of several instructions"] = new Setup { Threads = 3, Signals = true },
        ["two threads, a region of either kind"] = new Setup { SeveralInstructions = [true, false], Signals = true },
        ["three threads, a region of either kind, one window"] = new Setup { Threads = 3, SeveralInstructions = [true, false], Cycles = false },
        ["SIGTRAP sent to two threads"] = new Setup { Signals = true, SentTraps = true },
        ["signal handlers block SIGTRAP, two threads"] = new Setup { Signals = true, HandlersBlockTraps = true },
        ["traps of two threads answered in the target"] = new Setup { Signals = true, AnswersInTarget = true },
        ["lists of two groups, two threads, a region of either kind"] = s_either with { Threads = 2, ByHelper = true },
        ["lists of two groups, two threads, regions of several instructions, one window"] = s_several with { Threads = 2, ByHelper = true, Signals = true, Cycles = false },
        ["parked threads, three"] = new Setup { Threads = 3, Parks = true },
        ["nobody traced, two threads, lists of two groups, a region of either kind"] = s_either with { Threads = 2, Onlooks = true, ByHelper = true, Signals = true },
        ["parked threads, two, lists of two groups, a region of either kind"] = s_either with { Threads = 2, Parks = true, ByHelper = true },
    };

    /// <summary>For each rule a target in which it is needed.</summary>
    public static Dictionary<Rules, Setup> Broken { get; } = new()
    {
        [Rules.SyncAfterBreakpoints] = One,
        [Rules.SyncAfterTails] = One,
        [Rules.SyncAfterHeads] = One,
        [Rules.SyncAfterRollback] = One,
        [Rules.BreakpointsBeforeTails] = One,
        [Rules.TailsBeforeHeads] = One,
        [Rules.RegionsCleared] = One,
        [Rules.StackScan] = One with { Signals = true },
        [Rules.SitesRemembered] = One,
        [Rules.LateTraps] = One,
        [Rules.ForeignTrapsFirst] = One with { SentTraps = true },
        [Rules.QueuedTrapLook] = One,
        [Rules.PcBehindSite] = One,
        [Rules.Drain] = One,
        [Rules.ForksAwaited] = One with { Forks = true },
        [Rules.Handler] = One,
        [Rules.HeadsOnlyFirst] = One,
        [Rules.TailsStateFirst] = One,
        [Rules.HelperGoesOn] = One,
        [Rules.HelperSync] = One,
        [Rules.Mark] = One,
        [Rules.ActionAsked] = One with { Signals = true, HandlersBlockTraps = true },
        [Rules.Enter] = One with { Forks = true },
        [Rules.HeadsOnlyAgain] = s_either,
        [Rules.ClearedAnew] = s_several,
        [Rules.RegionsOfTheGroupOnly] = s_several with { Signals = true },
        [Rules.StateInList] = One with { SeveralInstructions = [false], ByHelper = true },
        [Rules.ParkedAtSite] = One with { Parks = true },
        [Rules.SecondSample] = One with { Onlooks = true, Signals = true },
        [Rules.SignalsCounted] = One with { Onlooks = true, Signals = true },
    };
}

namespace Calltap.Code;

/// <summary>How a region may be replaced, best first.</summary>
public enum SiteClass
{
    /// <summary>One nop of at least 5 bytes: nothing is displaced, no thread is ever inside.</summary>
    Nop5,

    /// <summary>The call to the profiling function that <c>-mfentry</c> emits.</summary>
    FentryCall,

    /// <summary>One instruction of at least 5 bytes: no thread is ever inside.</summary>
    SingleInstruction,

    /// <summary>Several instructions at an entry: threads inside have to be moved.</summary>
    SeveralInstructions,

    /// <summary>One transfer (<c>ret</c> or a short jump) and the padding behind it, 5 bytes: a thread can only be at its start.</summary>
    ReturnWithPadding,

    /// <summary>A transfer and instructions before it in the same basic block: threads inside have to be moved.</summary>
    ExitWithInstructionsBefore,

    /// <summary>The epilogue of managed code, and perhaps instructions before it: replaced by a jump with a prefix, six bytes, which the runtime takes for no epilogue.</summary>
    Epilogue,

    /// <summary>
    /// An epilogue of managed code that no jump fits in: a breakpoint at its first instruction, for as long as the site is armed. Threads may stand anywhere in the region, whose other
    /// bytes do not change.
    /// </summary>
    Breakpoint,
}

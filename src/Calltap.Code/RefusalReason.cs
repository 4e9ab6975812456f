namespace Calltap.Code;

/// <summary>Why a site is not patched. An expected outcome, counted and shown; <see cref="RefusalText"/> has the words.</summary>
public enum RefusalReason
{
    /// <summary>Not refused.</summary>
    None,

    /// <summary>The function's size is unknown, so its end is a guess.</summary>
    UnknownSize,

    /// <summary>The bytes cannot be read, or lie outside the code sections.</summary>
    Unreadable,

    /// <summary>Fewer than 5 bytes before the function or the basic block ends.</summary>
    TooShort,

    /// <summary>Something may jump into the middle of the region.</summary>
    BranchTargetInside,

    /// <summary>Bytes that are no instruction known to the decoder.</summary>
    Undecodable,

    /// <summary>The function jumps back to its own entry: iterations would count as calls.</summary>
    LoopEntry,

    /// <summary>An indirect jump of the function may lead anywhere in it.</summary>
    IndirectJumpNotUnderstood,

    /// <summary>The region overlaps code that must not be touched (rseq section, PLT).</summary>
    RefusedRange,

    /// <summary>A call that is not the region's last instruction.</summary>
    CallInside,

    /// <summary>A call would have to be displaced under a shadow stack.</summary>
    ShadowStack,

    /// <summary>A call whose operand depends on rsp.</summary>
    CallThroughStackPointer,

    /// <summary>The region overlaps another site's.</summary>
    Overlaps,

    /// <summary>A system call, trap or privileged instruction.</summary>
    SystemInstruction,

    /// <summary>A far or interrupt transfer.</summary>
    FarTransfer,

    /// <summary>A loop or jrcxz, which has no 32-bit form.</summary>
    CountedJump,

    /// <summary>An instruction that may fault, in a target that handles faults.</summary>
    MayFault,

    /// <summary>A 32-bit instruction-pointer-relative operand.</summary>
    AddressSizeOverride,

    /// <summary>An operand or branch target cannot be reached from the new address.</summary>
    OutOfReach,

    /// <summary>A branch from inside the region into it.</summary>
    BranchIntoRegion,

    /// <summary>The displaced code does not fit the space given.</summary>
    NoRoom,

    /// <summary>It has no name, and nothing proves that it is entered as functions are.</summary>
    NotProvenEntry,

    /// <summary>It is no function: jumps of other functions lead into it.</summary>
    PartOfAnother,

    /// <summary>Go's runtime itself.</summary>
    GoRuntime,

    /// <summary>Go code that does not check its stack: there may be no room below its stack pointer.</summary>
    GoUnchecked,

    /// <summary>Go code without an instruction of 5 bytes right behind the check of its stack: goroutines park between any two.</summary>
    GoNoInstruction,

    /// <summary>An exit of Go code: goroutines park within its last instructions, and go on with other threads and stacks.</summary>
    GoExit,

    /// <summary>Managed code that goes on with a call which runs already: what a loop's body was compiled anew to.</summary>
    EnteredByNoCall,

    /// <summary>A dynamic method of .NET, whose memory is used again and again.</summary>
    DynamicMethod,

    /// <summary>An epilogue of managed code that does not free what its method takes at its start.</summary>
    FrameNotUnderstood,

    /// <summary>No room is left in the arena for its stub.</summary>
    ArenaFull,

    /// <summary>A method of an assembly of .NET that may be unloaded, and its memory used again for others.</summary>
    CollectibleAssembly,
}

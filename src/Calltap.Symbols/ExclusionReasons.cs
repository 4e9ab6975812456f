namespace Calltap.Symbols;

/// <summary>The reasons that <see cref="ExcludedFunction.Reason"/> can hold.</summary>
public static class ExclusionReasons
{
    /// <summary>An STT_GNU_IFUNC symbol names the code that picks an implementation, not the implementation.</summary>
    public const string IfuncResolver = "IFUNC resolver";

    /// <summary>Code of the procedure linkage table.</summary>
    public const string PltStub = "PLT stub";

    /// <summary>The start lies strictly inside another function: a second entry or a label of hand-written code.</summary>
    public const string InsideAnother = "inside another function";

    /// <summary>The kernel returns into it from a signal handler; nobody calls it.</summary>
    public const string SignalTrampoline = "signal return trampoline";

    /// <summary>The program's entry point: no caller, no return address.</summary>
    public const string EntryPoint = "program entry point";

    /// <summary>Lazy binding, TLS descriptors, profiling calls, retpolines: callers rely on registers that calls may change.</summary>
    public const string SpecialConvention = "special calling convention";

    /// <summary>The C library's cancellation handler compares the pc with its start and its end: run elsewhere, a cancellation is lost.</summary>
    public const string CancellationPoint = "cancellation point: the C library looks at the pc in it";

    /// <summary>Its unwind data show a stack frame before its first instruction: it is jumped to from within a function.</summary>
    public const string FrameAtStart = "part of another function (a frame is already set up at its start)";

    /// <summary>A .cold part for whose name there is more than one function.</summary>
    public const string AmbiguousCold = "cold part of an ambiguous parent";

    /// <summary>A .cold part whose function is not in the file, or is excluded itself.</summary>
    public const string OrphanCold = "cold part of a function that is not traced";

    /// <summary>Its exception table (LSDA) cannot be read, so where exceptions land is unknown.</summary>
    public const string UnreadableExceptionTable = "its exception table cannot be read";
}

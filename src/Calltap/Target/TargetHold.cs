namespace Calltap.Target;

/// <summary>A target whose only thread stands in a ptrace stop, before code of its own that is to be traced: a program at its start, or what was just forked.</summary>
public abstract class TargetHold
{
    private protected TargetHold()
    {
    }

    /// <summary>The thread that made the stop, and that alone can make ptrace requests of it.</summary>
    internal abstract PtraceThread Thread { get; }

    /// <summary>The thread that is held.</summary>
    internal abstract Tid HeldThread { get; }

    /// <summary>Lets it run. Does nothing when it runs already.</summary>
    public abstract void Release();
}

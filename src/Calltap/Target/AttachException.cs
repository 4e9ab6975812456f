namespace Calltap.Target;

/// <summary>A process cannot be traced; the message is one line that says what is wrong and what to do.</summary>
public sealed class AttachException(AttachRefusal reason, string message) : Exception(message)
{
    /// <summary>The reason, for exit codes and tests.</summary>
    public AttachRefusal Reason { get; } = reason;
}

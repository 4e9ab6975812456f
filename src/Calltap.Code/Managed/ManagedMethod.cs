namespace Calltap.Code.Managed;

/// <summary>A method's code, as .NET's just-in-time compiler or its ReadyToRun compiler has made it.</summary>
/// <param name="Address">Its first byte.</param>
/// <param name="Size">How many bytes it has; of a compiled body with its funclets, of a ReadyToRun method without.</param>
/// <param name="Room">
/// How many bytes from <paramref name="Address"/> on are its own, padding included. Behind a compiled body its unwind data begin at once: then it is <paramref name="Size"/>.
/// </param>
public sealed record ManagedMethod(ImageAddress Address, int Size, int Room)
{
    /// <summary>How many bytes from <see cref="Address"/> on may lead back into it: its funclets included, which follow it in a ReadyToRun image.</summary>
    public int Extent { get; init; } = Size;
}

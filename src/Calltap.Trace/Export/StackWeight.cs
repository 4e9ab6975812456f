namespace Calltap.Trace;

/// <summary>What a stack weighs in <see cref="FoldedWriter"/> and <see cref="FlameGraphWriter"/>.</summary>
public enum StackWeight
{
    /// <summary>Nanoseconds that its innermost calls spent in no traced call, as far as that is known.</summary>
    Self = 0,

    /// <summary>The number of its innermost calls.</summary>
    Calls = 1,
}

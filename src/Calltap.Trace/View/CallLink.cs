namespace Calltap.Trace;

/// <summary>Calls of one function by, or from, another.</summary>
/// <param name="Function">The other one; null: no traced function.</param>
/// <param name="Calls">How many.</param>
/// <param name="Ticks">Ticks of those whose end is known, calls within one another each by itself.</param>
/// <param name="Unknown">How many have no known end.</param>
public readonly record struct CallLink(FunctionId? Function, long Calls, ulong Ticks, long Unknown)
{
    /// <summary>With one more.</summary>
    internal CallLink And(in StoredCall call) => call.IsKnown
        ? this with { Calls = Calls + 1, Ticks = Ticks + call.Ticks }
        : this with { Calls = Calls + 1, Unknown = Unknown + 1 };
}

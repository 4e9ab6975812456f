namespace Calltap.Trace;

/// <summary>Names and weights of stacks.</summary>
sealed class StackWeights(StackTree tree, TraceCatalog catalog, StackWeight weight)
{
    const string OtherStacks = "[other stacks]";

    readonly TraceClock _clock = catalog.Clock;

    /// <summary>What stands for a call of the stack: the function's name.</summary>
    public string NameOf(StackNode stack) => stack.Function is { } function ? catalog.NameOf(function) : OtherStacks;

    /// <summary>The weights by <see cref="StackNode.Number"/>. Each is rounded so that those of a function add up to what a report says of it.</summary>
    public long[] Own()
    {
        var weights = new long[tree.Nodes.Count];
        var sums = new Dictionary<FunctionId, ulong>();
        foreach (StackNode stack in tree.Nodes)
        {
            if (weight == StackWeight.Calls || stack.Function is not { } function)
            {
                weights[stack.Number] = stack.Calls;
                continue;
            }

            ulong before = sums.GetValueOrDefault(function), after = before + stack.SelfTicks;
            weights[stack.Number] = _clock.ToNs(after) - _clock.ToNs(before);
            sums[function] = after;
        }

        return weights;
    }
}

using System.Numerics;
using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Probes;

namespace Calltap.Sessions;

/// <summary>The ops of a session, each in a slot whose number is its bit in a <see cref="Want"/>.</summary>
sealed class OpTable(SessionMemory memory, int functions)
{
    readonly Op?[] _ops = new Op?[SessionHeader.MaxOps];
    readonly int[] _counters = new int[SessionHeader.MaxOps];
    readonly Dictionary<Op, int> _countersOf = []; // removed ops too: their counts stay
    int _countersUsed;

    /// <summary>The same ops in the same slots, for what was just forked: nothing is counted there yet.</summary>
    public OpTable(OpTable original, SessionMemory memory, int functions)
        : this(memory, functions)
    {
        original._ops.CopyTo(_ops, 0);
        original._counters.CopyTo(_counters, 0);
        foreach ((Op op, int first) in original._countersOf) _countersOf.Add(op, first);
        _countersUsed = original._countersUsed;
        for (int slot = 0; slot < _ops.Length; slot++)
            if (_ops[slot] is { } op) memory.SetOp(slot, (int)op.Kind, op.Name);
    }

    /// <summary>The ops in use.</summary>
    public IEnumerable<Op> Ops => _ops.OfType<Op>();

    /// <summary>Gives an op a slot.</summary>
    /// <exception cref="InvalidOperationException">None is free.</exception>
    public void Add(Op op)
    {
        int slot = Array.IndexOf(_ops, null);
        if (slot < 0) throw new InvalidOperationException($"at most {SessionHeader.MaxOps} ops at a time");
        if (op.Kind == OpKind.Count)
        {
            if (!_countersOf.ContainsKey(op) && (_countersUsed + 1) * functions > memory.Layout.CounterCapacity)
                throw new InvalidOperationException($"at most {SessionPlan.MaxCountOps} count ops in a session's life");
            // Counters are not used twice, except by the same op, which goes on counting: they start at 0.
            if (!_countersOf.TryGetValue(op, out int first)) _countersOf.Add(op, first = functions * _countersUsed++);
            _counters[slot] = first;
        }
        _ops[slot] = op;
        memory.SetOp(slot, (int)op.Kind, op.Name);
    }

    /// <summary>Takes an op's slot away.</summary>
    public void Remove(Op op)
    {
        int slot = SlotOf(op);
        _ops[slot] = null;
        memory.SetOp(slot, 0, null);
    }

    /// <summary>The first counter of a count op, also of a removed one; function n has the n-th after it.</summary>
    /// <exception cref="InvalidOperationException">No such count op was ever added.</exception>
    public int CountersOf(Op op) => _countersOf.TryGetValue(op, out int first)
        ? first
        : throw new InvalidOperationException($"{op.Name} is no count op of this session");

    /// <summary>The counter of the count op in a slot for a function.</summary>
    public uint Counter(int slot, FunctionId function) => (uint)(_counters[slot] + function.Value);

    /// <summary>Which ops want a function.</summary>
    public Want WantOf(TargetFunction function)
    {
        ulong graph = 0, count = 0;
        for (int slot = 0; slot < _ops.Length; slot++)
        {
            if (_ops[slot] is not { } op || !op.Filter.Wants(function.Names, function.Module.Name)) continue;
            if (op.Kind == OpKind.Graph) graph |= 1ul << slot;
            else count |= 1ul << slot;
        }
        return new Want(graph, count);
    }

    /// <summary>The words of a list for the ops that want a function: one recording for all graph ops, one count for each count op.</summary>
    public IEnumerable<ulong> Words(Want want, FunctionId function)
    {
        if (want.Graph != 0) yield return OpListLayout.Entry(OpListLayout.Graph, 0);
        for (ulong rest = want.Count; rest != 0; rest &= rest - 1)
            yield return OpListLayout.Entry(OpListLayout.Count, Counter(Only(rest), function));
    }

    /// <summary>The words of a list that asks every op of the session, at a function's entry or at an exit.</summary>
    public IEnumerable<ulong> Questions(Want want, FunctionId function, bool exit)
    {
        ulong takers = exit ? want.Graph : want.All;
        for (int slot = 0; slot < _ops.Length; slot++)
        {
            if (_ops[slot] is not { } op) continue;
            if ((takers >> slot & 1) == 0) yield return OpListLayout.Entry(OpListLayout.Refuse, 0);
            else if (op.Kind == OpKind.Count) yield return OpListLayout.Entry(OpListLayout.Count, Counter(slot, function));
            else if (slot == Only(want.Graph)) yield return OpListLayout.Entry(exit ? OpListLayout.GraphExit : OpListLayout.Graph, 0);
        }
    }

    int SlotOf(Op op)
    {
        int slot = Array.FindIndex(_ops, other => ReferenceEquals(other, op));
        return slot >= 0 ? slot : throw new InvalidOperationException($"{op.Name} is not in this session");
    }

    /// <summary>The slot of the only op in a set.</summary>
    public static int Only(ulong set) => BitOperations.TrailingZeroCount(set);
}

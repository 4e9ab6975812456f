namespace Calltap.Code.Analysis;

/// <summary>
/// The starts of which it is not known whether calls enter them (<see cref="StartEvidence"/>): stripped files have many, of functions and
/// of the parts that compilers place elsewhere. Pass 1 notes the jumps that lead there; they decide.
/// </summary>
/// <remarks>Noting is safe from any thread; <see cref="Settle"/> wants all of them joined.</remarks>
internal sealed class OpenStarts
{
    private const int Nobody = -1;
    private const int Several = -2;
    private const int MaxChain = 64; // parts of parts

    private readonly ModuleFacts _facts;
    private readonly IReadOnlyList<CodeFunction> _functions;
    private readonly int[] _jumper;
    private readonly int[] _ways;
    private StartVerdict[]? _verdicts;
    private int[]? _owners;

    internal OpenStarts(ModuleFacts facts)
    {
        _facts = facts;
        _functions = facts.Input.Functions;
        Any = _functions.Any(function => function.Evidence != StartEvidence.Called);
        _jumper = new int[Any ? _functions.Count : 0];
        _ways = new int[_jumper.Length];
        Array.Fill(_jumper, Nobody);
    }

    [Flags]
    private enum Ways
    {
        /// <summary>An unconditional jump to its start: a tail call, if it is a function.</summary>
        TailJump = 1,

        /// <summary>Such a jump from code that may keep values below the stack pointer: in a part they are live.</summary>
        TailJumpWithRedZone = 2,

        /// <summary>A conditional jump or a jump table leads to its start: to a part, or it would be a tail call that compilers hardly make.</summary>
        Branch = 4,

        /// <summary>A jump behind its start, or its own jump behind another's: both are one function's.</summary>
        Shared = 8,
    }

    /// <summary>Whether there are any.</summary>
    internal bool Any { get; }

    /// <summary>The index of the open start whose range holds <paramref name="address"/>, or -1.</summary>
    internal int At(ImageAddress address) =>
        Any && _facts.Layout.Find(address) is { } part && IsOpen(part.Function) ? part.Function : -1;

    /// <summary>Whether <paramref name="address"/> lies in what is not known to be called; once all calls are known.</summary>
    internal bool MayBePart(ImageAddress address) => At(address) is >= 0 and int open
        && (_functions[open].Evidence == StartEvidence.Part || !_facts.Referenced.Contains(_functions[open].Address));

    /// <summary>Notes a direct jump out of a function.</summary>
    internal void NoteJump(int from, FunctionCode code, in DecodedInstruction jump)
    {
        if (!Any || _facts.Layout.Find(jump.Target) is not { } part || part.Function == from)
            return;
        int to = part.Function;
        if (jump.Target != _functions[to].Address)
        {
            Note(to, from, Ways.Shared);
            Note(from, to, Ways.Shared);
        }
        else if (IsOpen(to))
            Note(to, from, jump.Kind != InstructionKind.Jump ? Ways.Branch : RedZone.IsUsed(code) ? Ways.TailJumpWithRedZone : Ways.TailJump);
    }

    /// <summary>Notes that a jump table of a function leads into an open range.</summary>
    internal void NoteTable(int from, ImageAddress target)
    {
        if (At(target) is >= 0 and int open && open != from)
            Note(open, from, target == _functions[open].Address ? Ways.Branch : Ways.Shared);
    }

    /// <summary>Decides by what was noted so far; until then all are functions.</summary>
    /// <returns>The functions to which parts were found that they had not.</returns>
    internal IReadOnlyCollection<int> Settle()
    {
        var longer = new HashSet<int>();
        if (!Any)
            return longer;
        _verdicts ??= new StartVerdict[_functions.Count];
        _owners ??= [.. Enumerable.Range(0, _functions.Count)];
        for (int i = 0; i < _functions.Count; i++)
        {
            int owner = FindOwner(i);
            if (owner != _owners[i])
                longer.Add(owner);
            _owners[i] = owner;
            _verdicts[i] = owner != i ? StartVerdict.PartOfKnown : IsPart(i) ? StartVerdict.PartOfUnknown : Proven(i);
        }

        return longer;
    }

    /// <summary>What a function or part turned out to be.</summary>
    internal StartVerdict VerdictOf(int index) => _verdicts is null ? StartVerdict.Function : _verdicts[index];

    /// <summary>What is not proven to be entered as functions are.</summary>
    internal int[] Unproven() => _verdicts is null ? [] : [.. Enumerable.Range(0, _verdicts.Length).Where(i => _verdicts[i] == StartVerdict.NotProven && !IsInside(i))];

    /// <summary>Whether <paramref name="address"/> is where a function starts, by its symbol or a call, or a PLT stub.</summary>
    internal bool IsProven(ImageAddress address) => _facts.Layout.Find(address) is not { } part
        ? _facts.Refused.Overlaps(address, address + 1)
        : address == _functions[part.Function].Address && (!IsOpen(part.Function) || _facts.Referenced.Contains(address));

    /// <summary>Notes that it can be armed whatever leads there.</summary>
    internal void Prove(int index) => _verdicts![index] = StartVerdict.Function;

    /// <summary>The function that a part belongs to; the index itself for what is no part, or nobody's that is known.</summary>
    internal int OwnerOf(int index) => _owners is null ? index : _owners[index];

    /// <summary>Whether <paramref name="address"/> lies in a part of a function that is not known.</summary>
    internal bool IsUnknownPart(ImageAddress address) => At(address) is >= 0 and int open && VerdictOf(open) == StartVerdict.PartOfUnknown;

    // A part of a part is its function's.
    private int FindOwner(int index)
    {
        int owner = index;
        for (int i = 0; i < MaxChain && IsPart(owner) && _jumper[owner] >= 0; i++)
            owner = _jumper[owner];
        return IsPart(owner) || Proven(owner) != StartVerdict.Function ? index : owner;
    }

    private StartVerdict Proven(int index) =>
        !IsOpen(index) || _facts.Referenced.Contains(_functions[index].Address) || ((Ways)_ways[index] & ~Ways.Shared) == Ways.TailJump
            ? StartVerdict.Function
            : StartVerdict.NotProven;

    private bool IsPart(int index)
    {
        if (!IsOpen(index) || _functions[index].Evidence == StartEvidence.Part)
            return IsOpen(index);
        var ways = (Ways)_ways[index];
        bool leads = (ways & Ways.Branch) != 0 || ((ways & Ways.Shared) != 0 && _jumper[index] >= 0);
        return leads && !_facts.Referenced.Contains(_functions[index].Address);
    }

    private bool IsOpen(int index) => Any && _functions[index].Evidence != StartEvidence.Called;

    // Jumps lead behind its start: what it finds below the stack pointer is for others to know.
    private bool IsInside(int index) => ((Ways)_ways[index] & Ways.Shared) != 0;

    private void Note(int open, int by, Ways way)
    {
        if (!IsOpen(open))
            return;
        int before = Interlocked.CompareExchange(ref _jumper[open], by, Nobody);
        if (before != Nobody && before != by)
            Volatile.Write(ref _jumper[open], Several);
        Interlocked.Or(ref _ways[open], (int)way);
    }
}

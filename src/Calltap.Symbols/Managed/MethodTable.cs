namespace Calltap.Symbols;

/// <summary>Gathers the methods of an image: those of its own table, and instances of generic ones.</summary>
/// <param name="file">The image.</param>
/// <param name="functions">Its code.</param>
/// <param name="names">What they are called.</param>
internal sealed class MethodTable(PeImage file, RuntimeFunctions functions, MethodNames names)
{
    private const uint HasFixups = 1;
    private const int EntriesPerFunction = 2; // each has one; damaged tables lead to the same again and again

    private readonly SortedDictionary<uint, ReadyToRunMethod> _byAddress = [];
    private readonly SortedSet<uint> _indices = []; // of their code in the table of functions

    /// <summary>What was found, by address.</summary>
    public IReadOnlyList<ReadyToRunMethod> Methods
    {
        get
        {
            AddHandlers();
            return [.. _byAddress.Values];
        }
    }

    /// <summary>Takes in the methods that are not generic, nor their types.</summary>
    /// <exception cref="ElfFormatException">The table is damaged.</exception>
    public void AddOwn(DataDirectory directory)
    {
        if (directory.IsEmpty)
            return;
        var entries = new NativeArray(file.Cursor(directory, "the methods' entry points"));
        for (var i = 0; i < Math.Min(entries.Count, names.Count); i++)
            if (entries.TryFind(i, out var entry))
                Add(ref entry, names.Of(i + 1, isReference: false));
    }

    /// <summary>Takes in the instances of generic methods over particular types, or over all types that are references.</summary>
    /// <exception cref="ElfFormatException">The table is damaged.</exception>
    public void AddInstances(DataDirectory directory)
    {
        if (directory.IsEmpty)
            return;
        var entries = new NativeHashtable(file.Cursor(directory, "the entry points of generic methods"));
        for (long left = (long)functions.Count * EntriesPerFunction; entries.TryNext(out var entry); left--)
        {
            if (left == 0)
                throw entry.Fault($"entries for {functions.Count} functions");
            if (InstanceEntry.TryRead(ref entry, out var method))
                Add(ref entry, method is var (row, isReference) ? names.Of(row, isReference) : null);
        }
    }

    // In the table of functions a method's handlers follow it, up to the next method.
    private void AddHandlers()
    {
        uint[] indices = [.. _indices];
        for (var i = 0; i < indices.Length; i++)
        {
            var last = (i + 1 < indices.Length ? indices[i + 1] : (uint)functions.Count) - 1;
            var begin = functions[(int)indices[i]].Begin;
            var method = _byAddress[begin];
            _byAddress[begin] = method with { Extent = new(Math.Max(method.Size.Value, functions[(int)last].End - (long)begin)) };
        }
    }

    private void Add(ref ElfCursor entry, (string Name, string Plain)? named)
    {
        var index = FunctionIndex(ref entry);
        if (index >= functions.Count)
            throw entry.Fault($"one of {functions.Count} runtime functions");
        _indices.Add(index);
        var (begin, end) = functions[(int)index];
        var (name, aliases) = named is var (full, plain) ? (full, [plain]) : ((string?)null, Array.Empty<string>());
        if (!_byAddress.TryGetValue(begin, out var same) || same.Name is null)
            _byAddress[begin] = new(new(begin), new(end - begin), new(functions.RoomOf(begin, end)), name, aliases) { Extent = new(end - begin) };
        else if (name is not null && same.Name != name && !same.Aliases.Contains(name))
            _byAddress[begin] = same with { Aliases = [.. same.Aliases, name] };
    }

    // ReadyToRunInfo::GetEntryPoint: what has to be fixed up before the first call stands at a distance, or just before.
    private static uint FunctionIndex(ref ElfCursor entry)
    {
        var value = NativeArray.Unsigned(ref entry);
        return (value & HasFixups) != 0 ? value >> 2 : value >> 1;
    }
}

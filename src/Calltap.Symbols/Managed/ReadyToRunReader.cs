namespace Calltap.Symbols;

/// <summary>Reads the methods of a .NET assembly that were compiled ahead of time (ReadyToRun), for Linux on x86-64.</summary>
public static class ReadyToRunReader
{
    private const uint HasFixups = 1;

    /// <summary>Whether a file may be one: it begins as Windows' executables do.</summary>
    public static bool Begins(ReadOnlySpan<byte> image) => image.StartsWith("MZ"u8);

    /// <summary>Reads an assembly.</summary>
    /// <param name="image">The whole file; must stay unchanged and valid as long as the result is used.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="limits">Bounds; null for <see cref="ElfLimits.Default"/>.</param>
    /// <exception cref="ElfFormatException">The file is damaged, of another kind, or has no such code.</exception>
    public static ReadyToRunModule Read(ReadOnlyMemory<byte> image, string path, ElfLimits? limits = null)
    {
        limits ??= ElfLimits.Default;
        var file = PeImage.Read(image, path, limits);
        var header = ReadyToRunHeader.Read(file, limits);
        var functions = RuntimeFunctions.Read(file, header.RuntimeFunctions, limits);
        using var names = MethodNames.Open(file, header.Metadata, limits);
        return new(file) { Methods = Methods(file, header.EntryPoints, functions, names), CodePieces = functions.Count };
    }

    private static List<ReadyToRunMethod> Methods(PeImage file, DataDirectory directory, RuntimeFunctions functions, MethodNames names)
    {
        var byAddress = new SortedDictionary<uint, ReadyToRunMethod>();
        var entries = new NativeArray(file.Cursor(directory, "the methods' entry points"));
        var begins = new List<(uint Index, uint Begin)>();
        for (var i = 0; i < Math.Min(entries.Count, names.Count); i++)
        {
            if (!entries.TryFind(i, out var entry))
                continue;
            var index = FunctionIndex(ref entry);
            if (index >= functions.Count)
                throw entry.Fault($"one of {functions.Count} runtime functions");
            var (begin, end) = functions[(int)index];
            begins.Add((index, begin));
            var (name, plain) = names.Of(i + 1);
            byAddress[begin] = byAddress.TryGetValue(begin, out var same)
                ? same with { Aliases = [.. same.Aliases, name] }
                : new(new(begin), new(end - begin), new(functions.RoomOf(begin)), name, [plain]) { Extent = new(end - begin) };
        }

        AddHandlers(byAddress, begins, functions);
        return [.. byAddress.Values];
    }

    // In the table a method's handlers follow it, up to the next method's entry.
    private static void AddHandlers(SortedDictionary<uint, ReadyToRunMethod> methods, List<(uint Index, uint Begin)> begins, RuntimeFunctions functions)
    {
        begins.Sort();
        for (var i = 0; i < begins.Count; i++)
        {
            var (index, begin) = begins[i];
            var next = i + 1 < begins.Count ? begins[i + 1].Index : (uint)functions.Count;
            var last = Math.Max(index, next == 0 ? 0 : next - 1);
            methods[begin] = methods[begin] with { Extent = new(Math.Max(methods[begin].Extent.Value, functions[(int)last].End - (long)begin)) };
        }
    }

    // ReadyToRunInfo::GetEntryPoint: what has to be fixed up before the first call stands at a distance, or just before.
    private static uint FunctionIndex(ref ElfCursor entry)
    {
        var value = NativeArray.Unsigned(ref entry);
        return (value & HasFixups) != 0 ? value >> 2 : value >> 1;
    }
}

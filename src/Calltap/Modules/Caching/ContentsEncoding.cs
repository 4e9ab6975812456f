using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>Turns a module's contents into bytes and back. Functions come in groups that can be read side by side.</summary>
static class ContentsEncoding
{
    const int GroupSize = 4096;

    /// <summary>Writes which files were asked for.</summary>
    public static void Write(CacheOutput output, AskedFiles asked)
    {
        output.Number((ulong)asked.All.Count);
        foreach ((string path, ContentHash? content) in asked.All)
        {
            output.Text(path);
            output.Byte((byte)(content is null ? 0 : 1));
            if (content is not { } found) continue;
            output.Wide(found.Hash);
            output.Signed(found.Length);
        }
    }

    /// <summary>Reads which files were asked for.</summary>
    public static AskedFiles ReadAsked(ref CacheInput input)
    {
        var asked = new AskedFiles();
        for (int left = input.Count(); left > 0; left--)
        {
            string path = input.Text();
            asked.Add(path, input.Byte() == 0 ? null : new ContentHash(input.Wide(), input.Signed()));
        }
        return asked;
    }

    /// <summary>Writes a module's contents.</summary>
    public static void Write(CacheOutput output, ModuleContents contents)
    {
        output.Optional(contents.BuildId);
        output.Optional(contents.NamesHint);
        output.Byte((byte)((contents.HasInterpreter ? 1 : 0) | (contents.HasTextRelocations ? 2 : 0)));
        output.Number((ulong)contents.LoadSegments.Count);
        foreach (LoadSegment segment in contents.LoadSegments) Write(output, segment);
        output.Number((ulong)contents.Excluded.Count);
        foreach (ExcludedFunction function in contents.Excluded) Write(output, function);
        WriteFunctions(output, contents.Functions);
    }

    /// <summary>Reads a module's contents.</summary>
    public static ModuleContents ReadContents(ref CacheInput input)
    {
        string? buildId = input.Optional(), namesHint = input.Optional();
        int kind = input.Choice(3);
        var segments = new LoadSegment[input.Count()];
        for (int i = 0; i < segments.Length; i++) segments[i] = ReadSegment(ref input);
        var excluded = new ExcludedFunction[input.Count()];
        for (int i = 0; i < excluded.Length; i++) excluded[i] = ReadExcluded(ref input);
        return new ModuleContents
        {
            BuildId = buildId,
            NamesHint = namesHint,
            HasInterpreter = (kind & 1) != 0,
            HasTextRelocations = (kind & 2) != 0,
            LoadSegments = segments,
            Excluded = excluded,
            Functions = ReadFunctions(ref input),
        };
    }

    static void WriteFunctions(CacheOutput output, IReadOnlyList<AnalyzedFunction> functions)
    {
        output.Number((ulong)functions.Count);
        for (int first = 0; first < functions.Count; first += GroupSize)
        {
            var group = new CacheOutput();
            for (int i = first; i < Math.Min(first + GroupSize, functions.Count); i++) FunctionEncoding.Write(group, functions[i]);
            output.Append(group);
        }
    }

    static AnalyzedFunction[] ReadFunctions(ref CacheInput input)
    {
        var functions = new AnalyzedFunction[input.Count()];
        var groups = new CacheInput[(functions.Length + GroupSize - 1) / GroupSize];
        for (int i = 0; i < groups.Length; i++) groups[i] = input.Part();
        try
        {
            if (groups.Length == 1) ReadGroup(0); // before another thread has got a CPU
            else Parallel.For(0, groups.Length, ReadGroup);
        }
        catch (AggregateException e) when (e.InnerException is InvalidDataException inner)
        {
            throw inner;
        }
        return functions;

        void ReadGroup(int group)
        {
            CacheInput part = groups[group];
            for (int i = group * GroupSize; i < Math.Min((group + 1) * GroupSize, functions.Length); i++) functions[i] = FunctionEncoding.Read(ref part);
        }
    }

    static void Write(CacheOutput output, LoadSegment segment)
    {
        output.Number(segment.Address.Value);
        output.Signed(segment.MemorySize.Value);
        output.Signed(segment.Offset.Value);
        output.Signed(segment.FileSize.Value);
        output.Byte((byte)((segment.Readable ? 1 : 0) | (segment.Writable ? 2 : 0) | (segment.Executable ? 4 : 0)));
    }

    static LoadSegment ReadSegment(ref CacheInput input)
    {
        var address = new ImageAddress(input.Number());
        var memorySize = new ByteSize(input.Signed());
        var offset = new FileOffset(input.Signed());
        var fileSize = new ByteSize(input.Signed());
        int rights = input.Choice(7);
        return new LoadSegment(address, memorySize, offset, fileSize, (rights & 1) != 0, (rights & 2) != 0, (rights & 4) != 0);
    }

    static void Write(CacheOutput output, ExcludedFunction function)
    {
        output.Number(function.Address.Value);
        output.Signed(function.Size.Value);
        output.Optional(function.Name);
        output.Text(function.Reason);
    }

    static ExcludedFunction ReadExcluded(ref CacheInput input) =>
        new(new ImageAddress(input.Number()), new ByteSize(input.Signed()), input.Optional(), input.Text());
}

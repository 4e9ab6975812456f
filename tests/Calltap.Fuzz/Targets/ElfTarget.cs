using System.Buffers.Binary;
using Calltap.Code;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Symbols;

namespace Calltap.Fuzz.Targets;

/// <summary>
/// An ELF file, through the symbols and the analysis of its code. An input is the file, or the length of the file in four bytes, the
/// file and its debug file.
/// </summary>
sealed class ElfTarget : IFuzzTarget
{
    const int EhdrSize = 64;
    const int PhdrSize = 56;
    const int ShdrSize = 64;

    public string Name => "elf";

    public int MaxInput => 32 << 10;

    public InputLimits Limits => new(TimeSpan.FromSeconds(2), 768L << 20);

    // They come from the corpus: made by a compiler.
    public IReadOnlyList<byte[]> MakeSeeds() => [];

    public byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        byte[] changed = [.. input];
        (int start, int length) = random.Next(4) == 0 ? DebugFile(changed) : MainFile(changed);
        Span<byte> file = changed.AsSpan(start, length);
        if (file.Length < EhdrSize) return Mutator.Havoc(input, other, random, MaxInput);
        for (int count = random.Next(1, 6); count > 0; count--) ChangeField(file, random);
        return random.Next(4) == 0 ? Mutator.Havoc(changed, other, random, MaxInput) : changed;
    }

    // A changed debug file is only read when .gnu_debuglink has its checksum; the identity of the file itself makes it a file.
    public byte[] Repair(byte[] input)
    {
        (int start, int length) = MainFile(input);
        if (length < EhdrSize) return input;
        byte[] repaired = [.. input];
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(repaired.AsSpan(start));
        BinaryPrimitives.WriteUInt16LittleEndian(repaired.AsSpan(start + 18), 62);
        BinaryPrimitives.WriteUInt16LittleEndian(repaired.AsSpan(start + 54), PhdrSize);
        BinaryPrimitives.WriteUInt16LittleEndian(repaired.AsSpan(start + 58), ShdrSize);
        return repaired;
    }

    public void Execute(byte[] input)
    {
        (int start, int length) = MainFile(input);
        (int debugStart, int debugLength) = DebugFile(input);
        try
        {
            ModuleSymbols symbols = ModuleSymbolReader.Read(input.AsMemory(start, length), "/bin/fuzz", _ => input.AsMemory(debugStart, debugLength));
            ModuleContents contents = ModuleContents.Of(symbols, new TargetTraits(HandlesFaults: input.Length % 2 == 0, HasShadowStack: false), new CxaDemangler());
            CheckDisjoint(contents.Functions.Select(function => function.Plan));
        }
        catch (ElfFormatException)
        {
            // what the reader documents
        }
    }

    /// <summary>Two regions that share a byte would be written over each other.</summary>
    static void CheckDisjoint(IEnumerable<FunctionPlan> plans)
    {
        SitePlan[] sites = [.. plans.SelectMany(plan => plan.Exits.Append(plan.Entry).OfType<SitePlan>()).OrderBy(site => site.Address)];
        for (int i = 1; i < sites.Length; i++)
            if (sites[i].Address < sites[i - 1].End) throw new InvalidOperationException($"the sites at {sites[i - 1].Address} and {sites[i].Address} overlap");
    }

    static (int Start, int Length) MainFile(byte[] input)
    {
        if (!IsPair(input)) return (0, input.Length);
        return (4, (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(input), (uint)input.Length - 4));
    }

    static (int Start, int Length) DebugFile(byte[] input)
    {
        if (!IsPair(input)) return (0, input.Length);
        int main = MainFile(input).Length;
        return (4 + main, input.Length - 4 - main);
    }

    static bool IsPair(byte[] input) => input.Length > 4 && !input.AsSpan().StartsWith("\u007fELF"u8);

    /// <summary>A field of a header, or a word of a section: numbers and names mean something there.</summary>
    static void ChangeField(Span<byte> file, Random random)
    {
        int phOffset = (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(file[32..]), (ulong)file.Length);
        int shOffset = (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(file[40..]), (ulong)file.Length);
        int phCount = BinaryPrimitives.ReadUInt16LittleEndian(file[56..]), shCount = BinaryPrimitives.ReadUInt16LittleEndian(file[60..]);
        switch (random.Next(6))
        {
            case 0: Mutator.WriteNumber(file, random.Next(16, EhdrSize), 1 << random.Next(1, 4), random); break;
            case 1 when phCount > 0: ChangeWord(file, phOffset + PhdrSize * random.Next(phCount), PhdrSize, 8, random); break;
            case 2 when shCount > 0: ChangeWord(file, shOffset + ShdrSize * random.Next(shCount), ShdrSize, 4, random); break;
            case 3 when shCount > 0: ExchangeNames(file, shOffset, shCount, random); break;
            default: ChangeContent(file, shOffset, shCount, random); break;
        }
    }

    static void ChangeWord(Span<byte> file, int start, int size, int word, Random random)
    {
        int at = start + word * random.Next(size / word);
        // Numbers of the file itself lead to other places in it.
        if (random.Next(2) == 0 && at >= 0 && at + 8 <= file.Length && file.Length > 72)
            file.Slice(8 * random.Next((file.Length - 8) / 8), 8).CopyTo(file[at..]);
        else Mutator.WriteNumber(file, at, random.Next(2) == 0 ? word : 8, random);
    }

    static void ExchangeNames(Span<byte> file, int shOffset, int shCount, Random random)
    {
        int left = shOffset + ShdrSize * random.Next(shCount), right = shOffset + ShdrSize * random.Next(shCount);
        if (left < 0 || right < 0 || Math.Max(left, right) + 4 > file.Length) return;
        file.Slice(left, 4).CopyTo(file[right..]);
    }

    static void ChangeContent(Span<byte> file, int shOffset, int shCount, Random random)
    {
        int header = shOffset + ShdrSize * random.Next(Math.Max(1, shCount));
        if (header < 0 || header + ShdrSize > file.Length) return;
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(file[(header + 24)..]), size = BinaryPrimitives.ReadUInt64LittleEndian(file[(header + 32)..]);
        if (offset >= (ulong)file.Length || size == 0) return;
        int length = (int)Math.Min(size, (ulong)file.Length - offset);
        for (int count = random.Next(1, 5); count > 0; count--)
            Mutator.WriteNumber(file, (int)offset + random.Next(length), 1 << random.Next(4), random);
    }
}

using System.Buffers.Binary;
using Calltap.Symbols;

namespace Calltap.Fuzz.Targets;

/// <summary>
/// Unwind data alone: the input is .eh_frame and behind it exception tables, in a file whose other parts are right, so that every
/// change is one of what is read here.
/// </summary>
sealed class UnwindTarget : IFuzzTarget
{
    const int TextOffset = 0x1000;
    const int TextSize = 0x1000;
    const int NamesSize = 64;
    static readonly byte[] s_names = [.. "\0.text\0.eh_frame\0.gcc_except_table\0.shstrtab\0"u8, .. new byte[NamesSize]];

    public string Name => "unwind";

    public int MaxInput => 8 << 10;

    public InputLimits Limits => new(TimeSpan.FromSeconds(1), 128 << 20);

    public IReadOnlyList<byte[]> MakeSeeds() => [Frames(0x1b, 4), Frames(0x00, 2), Frames(0x9b, 3), Frames(0x0c, 6)];

    public byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        byte[] changed = Mutator.Havoc(input, other, random, MaxInput);
        if (random.Next(2) == 0) RepairLengths(changed);
        return changed;
    }

    public byte[] Repair(byte[] input) => input;

    public void Execute(byte[] input)
    {
        try
        {
            ModuleSymbolReader.Read(Wrap(input, TextSize), "/bin/fuzz", _ => null);
        }
        catch (ElfFormatException)
        {
            // what the reader documents
        }
    }

    /// <summary>Makes the entries' lengths lead from one to the next, to the end.</summary>
    static void RepairLengths(byte[] frames)
    {
        for (int at = 0; at + 8 <= frames.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(frames.AsSpan(at));
            if (length == 0 || length > (uint)(frames.Length - at - 4)) BinaryPrimitives.WriteUInt32LittleEndian(frames.AsSpan(at), length = (uint)Math.Min(24, frames.Length - at - 4));
            at += 4 + (int)length;
        }
    }

    /// <summary>A file with these unwind data, and <paramref name="textSize"/> bytes of code from 0x1000 on.</summary>
    public static byte[] Wrap(byte[] frames, int textSize)
    {
        int eh = TextOffset + textSize, names = eh + ((frames.Length + 15) & ~15), headers = names + s_names.Length;
        var file = new byte[headers + 5 * 64];
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(file);
        Write16(file, 16, 3, 62);
        Write64(file, 32, 64, (ulong)headers);
        Write16(file, 52, 64, 56, 1, 64, 5, 4);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(64), 1); // PT_LOAD, r-x: the whole file at 0
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(68), 5);
        Write64(file, 72, 0, 0, 0, (ulong)file.Length, (ulong)file.Length, 4096);
        file.AsSpan(TextOffset, textSize).Fill(0xc3);
        frames.CopyTo(file, eh);
        s_names.CopyTo(file, names);
        Section(file, headers + 64, 1, 1, 6, TextOffset, textSize);
        Section(file, headers + 128, 7, 1, 2, eh, frames.Length);
        Section(file, headers + 192, 17, 1, 2, eh, frames.Length);
        Section(file, headers + 256, 35, 3, 0, names, s_names.Length);
        return file;
    }

    static void Section(byte[] file, int at, int name, int type, int flags, int offset, int size)
    {
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), name);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at + 4), type);
        Write64(file, at + 8, (ulong)flags, (ulong)offset, (ulong)offset, (ulong)size);
    }

    static void Write16(byte[] file, int at, params ushort[] values)
    {
        foreach (ushort value in values) BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan((at += 2) - 2), value);
    }

    static void Write64(byte[] file, int at, params ulong[] values)
    {
        foreach (ulong value in values) BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan((at += 8) - 8), value);
    }

    const int EhOffset = TextOffset + TextSize;

    /// <summary>A CIE with a personality and exception tables, and entries whose tables lie behind them.</summary>
    static byte[] Frames(byte encoding, int count)
    {
        var bytes = new List<byte>();
        Entry(bytes, [0, 0, 0, 0, 1, .. "zPLR\0"u8, 1, 0x78, 16, 7, 0x1b, 1, 2, 3, 4, 0x1b, encoding, 0x0c, 7, 8, 0x90, 1, 0, 0]);
        int pointer = (encoding & 0x0f) == 0xb ? 4 : 8;
        int tables = bytes.Count + count * (4 + 4 + 2 * pointer + 1 + 4 + 3) + 4;
        for (int i = 0; i < count; i++)
        {
            int at = EhOffset + bytes.Count + 8, lsdaAt = at + 2 * pointer + 1;
            int start = TextOffset + 64 * i - ((encoding & 0x70) == 0x10 ? at : 0);
            Entry(bytes,
            [
                .. BitConverter.GetBytes(bytes.Count + 4), .. BitConverter.GetBytes((long)start)[..pointer], .. BitConverter.GetBytes(48L)[..pointer], 4,
                .. BitConverter.GetBytes(EhOffset + tables - lsdaAt), 0x41, 0x0e, 16,
            ]);
        }
        bytes.AddRange([0, 0, 0, 0, 0xff, 0xff, 1, 8, 4, 4, 16, 0, 12, 4, 20, 1, 0, 0, 0, 0]);
        return [.. bytes];
    }

    /// <summary>Appends an entry of .eh_frame.</summary>
    public static void Entry(List<byte> bytes, byte[] body)
    {
        bytes.AddRange(BitConverter.GetBytes(body.Length));
        bytes.AddRange(body);
    }
}

using System.Buffers.Binary;

namespace Calltap.Fuzz;

/// <summary>Changes that know no format.</summary>
static class Mutator
{
    static readonly ulong[] s_numbers =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 255, 256, 1023, 1024, 4095, 4096, 4097, 32767, 32768, 65535, 65536, 65537,
        0x7fffff, 0xffffff, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x7fffffffffff, 0xffff800000000000,
        0x7ffffffffffffffe, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffff0, 0xfffffffffffffffe, 0xffffffffffffffff,
    ];

    /// <summary>A number that readers stumble over.</summary>
    public static ulong Number(Random random) => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64() >> random.Next(64),
        1 => 1ul << random.Next(64),
        _ => s_numbers[random.Next(s_numbers.Length)],
    };

    /// <summary>One to several changes anywhere.</summary>
    public static byte[] Havoc(byte[] input, byte[] other, Random random, int most)
    {
        byte[] changed = input;
        for (int count = 1 << random.Next(4); count > 0; count--) changed = Change(changed, other, random);
        return changed.Length > most ? changed[..most] : changed;
    }

    static byte[] Change(byte[] input, byte[] other, Random random)
    {
        if (input.Length < 2) return [.. other];
        switch (random.Next(12))
        {
            case 0: return Cut(input, random);
            case 1: return Insert(input, Part(input, random), random);
            case 2: return Insert(input, Part(other, random), random);
            case 3: return Overwrite(input, Part(other, random), random);
            case 4: return Overwrite(input, Part(input, random), random);
            case 5: return input[..random.Next(input.Length)];
            case 6: return Repeat(input, random);
            case 7:
                byte[] flipped = [.. input];
                flipped[random.Next(input.Length)] ^= (byte)(1 << random.Next(8));
                return flipped;
            case 8:
                byte[] replaced = [.. input];
                replaced[random.Next(input.Length)] = (byte)random.Next(256);
                return replaced;
            default:
                byte[] number = [.. input];
                WriteNumber(number, random.Next(number.Length), 1 << random.Next(4), random);
                return number;
        }
    }

    /// <summary>Writes a number of <paramref name="size"/> bytes, or changes the one there by a little.</summary>
    public static void WriteNumber(Span<byte> bytes, int at, int size, Random random)
    {
        if (at < 0 || at > bytes.Length - size) return;
        Span<byte> word = stackalloc byte[8];
        word.Clear();
        bytes.Slice(at, size).CopyTo(word);
        ulong old = BinaryPrimitives.ReadUInt64LittleEndian(word);
        ulong value = random.Next(3) == 0 ? unchecked(old + (ulong)random.Next(-16, 17)) : Number(random);
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        word[..size].CopyTo(bytes[at..]);
    }

    static byte[] Part(byte[] of, Random random)
    {
        if (of.Length == 0) return [];
        int start = random.Next(of.Length);
        return of[start..Math.Min(of.Length, start + 1 + random.Next(1 << random.Next(1, 10)))];
    }

    static byte[] Cut(byte[] input, Random random)
    {
        int start = random.Next(input.Length), end = Math.Min(input.Length, start + 1 + random.Next(1 << random.Next(1, 10)));
        return [.. input.AsSpan(0, start), .. input.AsSpan(end)];
    }

    static byte[] Insert(byte[] input, byte[] part, Random random)
    {
        int at = random.Next(input.Length + 1);
        return [.. input.AsSpan(0, at), .. part, .. input.AsSpan(at)];
    }

    static byte[] Overwrite(byte[] input, byte[] part, Random random)
    {
        byte[] changed = [.. input];
        int at = random.Next(changed.Length);
        part.AsSpan(0, Math.Min(part.Length, changed.Length - at)).CopyTo(changed.AsSpan(at));
        return changed;
    }

    static byte[] Repeat(byte[] input, Random random)
    {
        byte[] part = Part(input, random);
        return Insert(input, [.. Enumerable.Repeat(part, 1 << random.Next(1, 7)).SelectMany(p => p)], random);
    }
}

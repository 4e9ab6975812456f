using System.Buffers.Binary;
using Calltap.Fuzz;

namespace Calltap.Tests.Fuzz;

/// <summary>What <see cref="BrokenReader"/> does wrong.</summary>
public enum BrokenKind
{
    /// <summary>Reads as many bytes as the input says it has.</summary>
    TrustsLength,

    /// <summary>Makes room for as many words as the input says there are.</summary>
    TrustsCount,

    /// <summary>Goes round while a length is zero.</summary>
    NeverEnds,
}

/// <summary>A reader of records, each a length and as many bytes, as somebody might write it who trusts the file.</summary>
sealed class BrokenReader(BrokenKind broken) : IFuzzTarget
{
    static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(30); // of the loop that would not end: the driver's is shorter

    public string Name => "broken";

    public int MaxInput => 1024;

    public InputLimits Limits => new(TimeSpan.FromMilliseconds(20), 4 << 20);

    public IReadOnlyList<byte[]> MakeSeeds() => [[2, 0, 0, 0, 1, 2, 1, 0, 0, 0, 9], [4, 0, 0, 0, 1, 2, 3, 4]];

    public byte[] Mutate(byte[] input, byte[] other, Random random) => Mutator.Havoc(input, other, random, MaxInput);

    public byte[] Repair(byte[] input) => input;

    public void Execute(byte[] input)
    {
        var work = new WorkTime();
        for (int at = 0; at + 4 <= input.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(input.AsSpan(at));
            bool fits = length >= 0 && length <= input.Length - at - 4;
            if (broken == BrokenKind.TrustsCount && length is > 0 and < 1 << 24) _ = new long[length];
            if (broken == BrokenKind.TrustsLength) fits = true;
            if (!fits) return;
            _ = input.AsSpan(at + 4, length).ToArray();
            at += broken == BrokenKind.NeverEnds && length == 0 ? 0 : 4 + length;
            if (broken == BrokenKind.NeverEnds && work.Elapsed > s_patience) return;
        }
    }
}

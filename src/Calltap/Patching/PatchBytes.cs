using System.Buffers.Binary;

namespace Calltap.Patching;

/// <summary>The five bytes that are replaced at a site: the length of <c>jmp rel32</c>.</summary>
/// <param name="Value">The bytes, the first in the lowest eight bits.</param>
public readonly record struct PatchBytes(ulong Value)
{
    /// <summary>Bytes replaced at every site.</summary>
    public const int Length = 5;

    /// <summary>The one-byte breakpoint (SDM vol. 2, INT3).</summary>
    public const byte Int3 = 0xcc;

    const byte JumpOpcode = 0xe9;

    /// <summary>The first byte, written alone in the first and the third pass.</summary>
    public byte Head => (byte)Value;

    /// <summary>Takes the first five bytes.</summary>
    public static PatchBytes From(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(bytes) | (ulong)bytes[4] << 32);

    /// <summary><c>jmp rel32</c> from <paramref name="site"/> to <paramref name="target"/>.</summary>
    /// <exception cref="OverflowException">The target is out of reach.</exception>
    public static PatchBytes Jump(TargetAddress site, TargetAddress target)
    {
        int relative = checked((int)(target - (site + Length)));
        return new PatchBytes(JumpOpcode | (ulong)(uint)relative << 8);
    }

    /// <summary>Where it leads when it is a <c>jmp rel32</c> at <paramref name="site"/>; null when it is none.</summary>
    public TargetAddress? JumpsFrom(TargetAddress site) => Head == JumpOpcode ? site + Length + (int)(uint)(Value >> 8) : null;

    /// <summary>Writes all five.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)Value);
        destination[4] = (byte)(Value >> 32);
    }

    /// <summary>Writes the four behind the head.</summary>
    public void TailTo(Span<byte> destination) =>
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)(Value >> 8));

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}

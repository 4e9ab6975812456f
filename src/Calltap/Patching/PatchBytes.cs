using System.Buffers.Binary;
using Calltap.Code;

namespace Calltap.Patching;

/// <summary>The bytes that are replaced at a site: five, the length of <c>jmp rel32</c>, or six, where that has a prefix; one where a breakpoint stays.</summary>
/// <param name="Value">The bytes, the first in the lowest eight bits; in the highest how many there are more than five, -4 for one.</param>
public readonly record struct PatchBytes(ulong Value)
{
    /// <summary>Bytes of a near jump.</summary>
    public const int Length = SitePlan.JumpLength;

    /// <summary>Bytes of one with a prefix: no site has more replaced.</summary>
    public const int MaxLength = SitePlan.PrefixedJumpLength;

    /// <summary>The one-byte breakpoint (SDM vol. 2, INT3).</summary>
    public const byte Int3 = 0xcc;

    const byte JumpOpcode = 0xe9;
    const byte Prefix = 0x2e; // CS: means nothing before a near jump (SDM vol. 2, 2.1.1), and no branch hint either
    const int SizeAt = 56; // bit
    const ulong SixBytes = 1ul << SizeAt;
    const ulong OneByte = unchecked((ulong)(BreakpointLength - Length)) << SizeAt;

    /// <summary>Bytes of a breakpoint that stays.</summary>
    public const int BreakpointLength = SitePlan.BreakpointLength;

    /// <summary>A breakpoint that stays.</summary>
    public static PatchBytes Breakpoint { get; } = new(Int3 | OneByte);

    /// <summary>How many bytes.</summary>
    public int Size => Length + (int)((long)Value >> SizeAt);

    /// <summary>Whether it is a breakpoint that stays for as long as its site is armed.</summary>
    public bool Stays => this == Breakpoint;

    /// <summary>The first byte, written alone in the first and the third pass.</summary>
    public byte Head => (byte)Value;

    /// <summary>Takes the first five bytes.</summary>
    public static PatchBytes From(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(bytes) | (ulong)bytes[4] << 32);

    /// <summary>Takes the first one, five or six.</summary>
    public static PatchBytes From(ReadOnlySpan<byte> bytes, int size) => size switch
    {
        Length => From(bytes),
        BreakpointLength => new(bytes[0] | OneByte),
        _ => new(From(bytes).Value | (ulong)bytes[Length] << 40 | SixBytes),
    };

    /// <summary><c>jmp rel32</c> from <paramref name="site"/> to <paramref name="target"/>.</summary>
    /// <param name="site">Where the first byte is.</param>
    /// <param name="target">Where it leads.</param>
    /// <param name="size">Six for one with a prefix.</param>
    /// <exception cref="OverflowException">The target is out of reach.</exception>
    public static PatchBytes Jump(TargetAddress site, TargetAddress target, int size = Length)
    {
        ulong jump = JumpOpcode | (ulong)(uint)checked((int)(target - (site + size))) << 8;
        return new PatchBytes(size == Length ? jump : jump << 8 | Prefix | SixBytes);
    }

    /// <summary>Where it leads when it is a jump at <paramref name="site"/>; null when it is none.</summary>
    public TargetAddress? JumpsFrom(TargetAddress site)
    {
        if (Size == BreakpointLength) return null;
        bool prefixed = Size == MaxLength;
        ulong jump = prefixed ? Value >> 8 : Value;
        return (prefixed && Head != Prefix) || (byte)jump != JumpOpcode ? null : site + Size + (int)(uint)(jump >> 8);
    }

    /// <summary>The same with another first byte.</summary>
    public PatchBytes WithHead(byte head) => new((Value & ~0xfful) | head);

    /// <summary>Writes all.</summary>
    public void CopyTo(Span<byte> destination)
    {
        if (Size == BreakpointLength)
        {
            destination[0] = Head;
            return;
        }
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)Value);
        destination[4] = (byte)(Value >> 32);
        if (Size == MaxLength) destination[Length] = (byte)(Value >> 40);
    }

    /// <summary>Writes those behind the head.</summary>
    public void TailTo(Span<byte> destination)
    {
        if (Size == BreakpointLength) return;
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)(Value >> 8));
        if (Size == MaxLength) destination[Length - 1] = (byte)(Value >> 40);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[MaxLength];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes[..Size]);
    }
}

using System.Buffers.Binary;
using Calltap.Code;
using Calltap.Patching;

namespace Calltap.Sessions;

/// <summary>One entry of the site table in the target: what it takes to restore a site, and to say who armed it.</summary>
/// <remarks>
/// <code>
/// +0  qword address        +8  qword stub (0 = none yet)   +16 qword displaced copy
/// +24 1, 5 or 6 bytes original, by the class; +30 byte kind, byte state
/// +32 as many bytes installed; +38 byte class, byte 0
/// +40 qword ops that want it, a bit each   +48 qword trampoline
/// +56 dword function id    +60 dword site id
/// +64 dword entry of the mapping table that tells what was mapped here (0 = not known), +68 byte region length, byte code length, byte 1 = its code may be freed, 2 = will be, byte 0
/// </code>
/// </remarks>
/// <param name="Address">Where the site is.</param>
/// <param name="Stub">Its stub.</param>
/// <param name="Displaced">The displaced copy in the stub.</param>
/// <param name="Original">The original bytes that are replaced.</param>
/// <param name="Installed">The bytes there now, or on their way.</param>
/// <param name="Length">Bytes of the region.</param>
/// <param name="CodeLength">Of those, instructions.</param>
/// <param name="Kind">What passes it.</param>
/// <param name="Class">Its class.</param>
/// <param name="State">Its state.</param>
/// <param name="Ops">The ops that want it.</param>
/// <param name="Trampoline">The trampoline its stub calls.</param>
/// <param name="Function">Its function.</param>
/// <param name="Site">Its id.</param>
/// <param name="Mapping">What was mapped at its address, by its number in the mapping table; 0 when that is not known.</param>
public readonly record struct SiteTableEntry(
    TargetAddress Address, TargetAddress Stub, TargetAddress Displaced,
    PatchBytes Original, PatchBytes Installed, int Length, int CodeLength,
    SiteKind Kind, SiteClass Class, SiteState State, ulong Ops, TargetAddress Trampoline,
    FunctionId Function, SiteId Site, int Mapping)
{
    /// <summary>See <see cref="Site.MayVanish"/>.</summary>
    public bool MayVanish { get; init; }

    /// <summary>See <see cref="Site.IsTransient"/>.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Bytes of a record.</summary>
    public const int Size = 72;

    /// <summary>Writes the record.</summary>
    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, Address.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], Stub.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], Displaced.Value);
        Original.CopyTo(to[24..]);
        (to[30], to[31]) = ((byte)Kind, (byte)State);
        Installed.CopyTo(to[32..]);
        (to[38], to[39]) = ((byte)Class, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(to[40..], Ops);
        BinaryPrimitives.WriteUInt64LittleEndian(to[48..], Trampoline.Value);
        BinaryPrimitives.WriteInt32LittleEndian(to[56..], Function.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(to[60..], Site.Value);
        BinaryPrimitives.WriteInt32LittleEndian(to[64..], Mapping);
        (to[68], to[69], to[70], to[71]) = ((byte)Length, (byte)CodeLength, (byte)((MayVanish ? 1 : 0) | (IsTransient ? 2 : 0)), 0);
    }

    /// <summary>Reads a record.</summary>
    public static SiteTableEntry Read(ReadOnlySpan<byte> from) => Read(from, SitePlan.PatchLengthOf((SiteClass)from[38]));

    static SiteTableEntry Read(ReadOnlySpan<byte> from, int patch) => new(
        new(BinaryPrimitives.ReadUInt64LittleEndian(from)),
        new(BinaryPrimitives.ReadUInt64LittleEndian(from[8..])),
        new(BinaryPrimitives.ReadUInt64LittleEndian(from[16..])),
        PatchBytes.From(from[24..], patch), PatchBytes.From(from[32..], patch), from[68], from[69],
        (SiteKind)from[30], (SiteClass)from[38], (SiteState)from[31],
        BinaryPrimitives.ReadUInt64LittleEndian(from[40..]),
        new(BinaryPrimitives.ReadUInt64LittleEndian(from[48..])),
        new(BinaryPrimitives.ReadInt32LittleEndian(from[56..])),
        new(BinaryPrimitives.ReadUInt32LittleEndian(from[60..])), BinaryPrimitives.ReadInt32LittleEndian(from[64..]))
    {
        MayVanish = (from[70] & 1) != 0,
        IsTransient = (from[70] & 2) != 0,
    };
}

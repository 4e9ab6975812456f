using System.Buffers.Binary;

namespace Calltap.Symbols;

/// <summary>The CRC of .gnu_debuglink: polynomial 0xEDB88320, reflected, as in zlib; eight bytes a step, for debug files are large.</summary>
internal static class Crc32
{
    private static readonly uint[] s_tables = BuildTables();

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = Entry(7, low) ^ Entry(6, low >> 8) ^ Entry(5, low >> 16) ^ Entry(4, low >> 24)
                ^ Entry(3, high) ^ Entry(2, high >> 8) ^ Entry(1, high >> 16) ^ Entry(0, high >> 24);
        }

        foreach (var value in bytes)
            crc = Entry(0, crc ^ value) ^ (crc >> 8);
        return ~crc;
    }

    private static uint Entry(int table, uint value) => s_tables[(table << 8) | (int)(value & 0xFF)];

    // Table n answers for a byte that n more zero bytes follow.
    private static uint[] BuildTables()
    {
        var tables = new uint[8 * 256];
        for (var i = 0; i < tables.Length; i++)
        {
            var crc = i < 256 ? (uint)i : tables[i - 256];
            tables[i] = i < 256 ? ShiftByte(crc) : tables[crc & 0xFF] ^ (crc >> 8);
        }

        return tables;
    }

    private static uint ShiftByte(uint crc)
    {
        for (var bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        return crc;
    }
}

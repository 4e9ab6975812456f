namespace Calltap.Symbols;

/// <summary>A piece of a PE image: IMAGE_DATA_DIRECTORY.</summary>
/// <param name="Address">Relative to the image's base.</param>
/// <param name="Size">Bytes.</param>
internal readonly record struct DataDirectory(uint Address, uint Size)
{
    public const int EncodedSize = 8;

    public bool IsEmpty => Size == 0;

    public static DataDirectory Read(ref ElfCursor cursor) => new(cursor.U32(), cursor.U32());
}

using DuckDB.NET.Native;

namespace Calltap.Analysis.Duck;

/// <summary>The values of one column in a chunk that the engine has given to be filled.</summary>
readonly unsafe ref struct VectorWriter(nint vector)
{
    /// <summary>Room for <paramref name="rows"/> values, at most as many as a chunk has.</summary>
    // SAFETY: a vector of a chunk has room for DuckDBVectorSize values of its type, and T is as wide as that.
    public Span<T> Values<T>(int rows) where T : unmanaged => new(NativeMethods.Vectors.DuckDBVectorGetData(vector), rows);

    /// <summary>Bits for <paramref name="rows"/> values, all set: one that is cleared makes its value NULL.</summary>
    public Span<ulong> Validity(int rows)
    {
        NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(vector);
        // SAFETY: the mask has a bit for each value that the vector has room for.
        var mask = new Span<ulong>(NativeMethods.Vectors.DuckDBVectorGetValidity(vector), (rows + 63) / 64);
        mask.Fill(ulong.MaxValue);
        return mask;
    }

    /// <summary>Clears the bit of a value that is not known; without a branch.</summary>
    public static void Keep(Span<ulong> valid, int row, bool isKnown) => valid[row / 64] &= ~((isKnown ? 0UL : 1UL) << (row % 64));

    /// <summary>Puts a text, which is copied.</summary>
    public void SetText(int row, string text) => NativeMethods.Vectors.DuckDBVectorAssignStringElement(vector, (ulong)row, text);
}

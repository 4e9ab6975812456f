using Calltap.Analysis.Duck;
using Calltap.Trace;

namespace Calltap.Analysis.Scans;

/// <summary>What a function is called, as a number that the engine shows as a text: a row costs no text, and groups by numbers.</summary>
sealed class FunctionNumbers
{
    readonly uint[] _numbers;
    readonly int _bytes;

    /// <summary>Numbers the texts that <paramref name="textOf"/> gives, in their order.</summary>
    public FunctionNumbers(TraceCatalog catalog, Func<FunctionId, string> textOf)
    {
        // The engine's enumerations have at least one value, and none twice.
        string[] texts = [.. catalog.Functions.Keys.Select(textOf).Append("").Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, uint> numbers = texts.Select((text, i) => (text, i)).ToDictionary(pair => pair.text, pair => (uint)pair.i);
        _numbers = new uint[catalog.Functions.Count == 0 ? 0 : catalog.Functions.Keys.Max(function => function.Value) + 1];
        Array.Fill(_numbers, uint.MaxValue);
        foreach (FunctionId function in catalog.Functions.Keys)
            _numbers[function.Value] = numbers[textOf(function)];
        Type = ColumnType.OneOf(texts);
        _bytes = Type.NumberBytes;
    }

    /// <summary>The type of the column.</summary>
    public ColumnType Type { get; }

    /// <summary>Writes the texts of some functions; NULL for one that the file does not describe, and for -1.</summary>
    public void Write(VectorWriter vector, ReadOnlySpan<int> functions)
    {
        bool isWhole = true;
        if (_bytes == 1)
        {
            Span<byte> values = vector.Values<byte>(functions.Length);
            for (int i = 0; i < functions.Length; i++)
                values[i] = (byte)NumberOf(functions[i], ref isWhole);
        }
        else if (_bytes == 2)
        {
            Span<ushort> values = vector.Values<ushort>(functions.Length);
            for (int i = 0; i < functions.Length; i++)
                values[i] = (ushort)NumberOf(functions[i], ref isWhole);
        }
        else
        {
            Span<uint> values = vector.Values<uint>(functions.Length);
            for (int i = 0; i < functions.Length; i++)
                values[i] = NumberOf(functions[i], ref isWhole);
        }
        if (!isWhole)
            Clear(vector.Validity(functions.Length), functions);
    }

    uint NumberOf(int function, ref bool isWhole)
    {
        uint number = (uint)function < (uint)_numbers.Length ? _numbers[function] : uint.MaxValue;
        isWhole &= number != uint.MaxValue;
        return number != uint.MaxValue ? number : 0;
    }

    void Clear(Span<ulong> valid, ReadOnlySpan<int> functions)
    {
        for (int i = 0; i < functions.Length; i++)
            if ((uint)functions[i] >= (uint)_numbers.Length || _numbers[functions[i]] == uint.MaxValue)
                valid[i / 64] &= ~(1UL << (i % 64));
    }
}

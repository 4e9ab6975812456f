using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Frames of a size that is known at run time only, and references into them.</summary>
static class Spans
{
    public static bool Round(int seed)
    {
        bool right = true;
        for (int i = 1; i < 50; i++) right &= Fill(i) == i * (i - 1) / 2 && Text(seed + i) == $"<{seed + i}>";
        return right;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Fill(int count)
    {
        Tally.Call(Method.Spans_Fill);
        Span<int> numbers = stackalloc int[count];
        for (int i = 0; i < count; i++) numbers[i] = i;
        return Sum(numbers);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Sum(ReadOnlySpan<int> numbers)
    {
        Tally.Call(Method.Spans_Sum);
        int sum = 0;
        foreach (int number in numbers) sum += number;
        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static string Text(int number)
    {
        Tally.Call(Method.Spans_Text);
        Span<char> text = stackalloc char[16];
        text[0] = '<';
        number.TryFormat(text[1..], out int digits);
        text[digits + 1] = '>';
        return new string(text[..(digits + 2)]);
    }
}

using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Objects that only a local, an argument or a result refers to, while they are moved.</summary>
static class Memory
{
    const int Links = 100;

    sealed class Link(int value, Link? next)
    {
        public readonly int Value = value;
        public Link? Next = next;
        public readonly byte[] Load = new byte[value % 40];
    }

    readonly record struct Both(object First, int[] Second);

    readonly record struct Three(string First, int[] Second, Link Third, long Number);

    public static bool Round(int seed)
    {
        Link? head = null;
        for (int i = 0; i < Links; i++) head = Prepend(head, i);
        bool right = Sum(head) == Links * (Links - 1) / 2;
        head = Reverse(head);
        right &= head!.Value == 0 && Sum(head) == Links * (Links - 1) / 2;

        int[] numbers = [seed, seed + 1, seed + 2];
        string text = $"text {seed}";
        right &= Join(head, text, numbers, head.Next!, $"more {seed}", new byte[seed % 100], $"last {seed}") == 1 + seed + seed % 100 + (2 * $"{seed}".Length);
        ref int element = ref Element(numbers, 1);
        Garbage(seed);
        right &= ++element == seed + 2 && numbers[1] == seed + 2;

        Both both = MakeBoth(text, numbers);
        Garbage(seed);
        right &= (string)both.First == $"text {seed}" && both.Second[2] == seed + 2;
        Three three = MakeThree(text, numbers, head, seed);
        Garbage(seed);
        return right && three.First == $"text {seed}" && three.Second[0] == seed && three.Third.Next!.Value == 1 && three.Number == seed;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Link Prepend(Link? head, int value)
    {
        Tally.Call(Method.Memory_Prepend);
        return new Link(value, head);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Link? Reverse(Link? head)
    {
        Tally.Call(Method.Memory_Reverse);
        Link? done = null;
        while (head is not null) (head.Next, done, head) = (done, head, head.Next);
        return done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Sum(Link? head)
    {
        Tally.Call(Method.Memory_Sum);
        int sum = 0;
        for (; head is not null; head = head.Next) sum += head.Value + (head.Load.Length - (head.Value % 40));
        return sum;
    }

    /// <summary>Seven references, one of them on the stack, all of them used after an allocation.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Join(Link a, string b, int[] c, Link d, string e, byte[] f, string g)
    {
        Tally.Call(Method.Memory_Join);
        Garbage(c[0]);
        return a.Value + d.Value + c[0] + f.Length + (e.Length - 5) + (g.Length - 5) + (b[0] == 't' ? 0 : 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static ref int Element(int[] numbers, int index)
    {
        Tally.Call(Method.Memory_Element);
        return ref numbers[index];
    }

    /// <summary>Two references in the two registers of a result.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Both MakeBoth(string text, int[] numbers)
    {
        Tally.Call(Method.Memory_MakeBoth);
        return new Both(new string(text), (int[])numbers.Clone());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Three MakeThree(string text, int[] numbers, Link link, long number)
    {
        Tally.Call(Method.Memory_MakeThree);
        return new Three(new string(text), (int[])numbers.Clone(), new Link(link.Value, link.Next), number);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static object Garbage(int seed)
    {
        Tally.Call(Method.Memory_Garbage);
        object? last = null;
        for (int i = 0; i < 20; i++) last = new object?[] { last, new byte[(seed + i) % 200] };
        return last!;
    }
}

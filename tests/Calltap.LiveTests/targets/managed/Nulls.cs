using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>
/// Null references found by the processor: there is no check, the load faults. The small methods are counted by their callers, so that their first instruction is
/// the one that faults.
/// </summary>
static class Nulls
{
    class Node
    {
        public int Value = 5;

        public virtual int Number() => Value;
    }

    public static bool Round(int seed)
    {
        var node = new Node();
        bool right = true;
        for (int i = 0; i < 10; i++)
        {
            right &= Faults(Method.Nulls_Field, static n => Field(n!), node, 5);
            right &= Faults(Method.Nulls_Length, static n => Length(n is null ? null! : new int[3]), node, 3);
            right &= Faults(Method.Nulls_Store, static n => Store(n!, 5), node, 5);
            right &= Faults(Method.Nulls_CallVirtual, static n => CallVirtual(n!), node, 5);
            right &= Inside(null) == -1 && Inside(node) == 5;
        }

        return right;
    }

    /// <summary>Once on an object, once on null; the trace of the exception must begin with the method.</summary>
    static bool Faults(Method method, Func<Node?, int> call, Node node, int expected)
    {
        Tally.Call(method);
        if (call(node) != expected) return false;
        try
        {
            Tally.Call(method);
            call(null);
            return false;
        }
        catch (NullReferenceException e)
        {
            Tally.Unwound(method);
            return e.StackTrace?.Split('\n')[0].Contains(method.ToString().Replace('_', '.')) == true;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Field(Node n) => n.Value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Length(int[] numbers) => numbers.Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Store(Node n, int value) => n.Value = value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int CallVirtual(Node n) => n.Number();

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Inside(Node? n)
    {
        Tally.Call(Method.Nulls_Inside);
        try
        {
            return n!.Number();
        }
        catch (NullReferenceException)
        {
            return -1;
        }
    }
}

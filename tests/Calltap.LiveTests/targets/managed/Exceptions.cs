using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Exceptions through counted frames, caught by a filter, passed by finally, thrown on, and caught halfway.</summary>
static class Exceptions
{
    sealed class Thrown(int number) : Exception
    {
        public int Number => number;
    }

    public static bool Round(int seed)
    {
        bool right = true;
        for (int i = 0; i < 20; i++)
        {
            right &= Outer(i) == (i % 2 == 0 ? 1000 + i : i + 4);
            right &= CaughtFrom(i) == i * 10;
            right &= CatchInside(i) == i + 100;
            right &= NoThrow(i) == i + 1;
        }

        return right;
    }

    /// <summary>Even numbers come back as an exception from three frames below.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Outer(int i)
    {
        Tally.Call(Method.Exceptions_Outer);
        int cleanups = 0;
        try
        {
            return Middle(i, ref cleanups) + cleanups;
        }
        catch (Thrown e) when (Filter(e, i))
        {
            Tally.Unwound(Method.Exceptions_Middle);
            Tally.Unwound(Method.Exceptions_Inner);
            return cleanups == 1 ? 1000 + e.Number : -1;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Middle(int i, ref int cleanups)
    {
        Tally.Call(Method.Exceptions_Middle);
        try
        {
            return Inner(i) + 1;
        }
        finally
        {
            Cleanup(ref cleanups);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Inner(int i)
    {
        Tally.Call(Method.Exceptions_Inner);
        return i % 2 == 0 ? throw new Thrown(i) : i + 2;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Cleanup(ref int cleanups)
    {
        Tally.Call(Method.Exceptions_Cleanup);
        cleanups++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool Filter(Thrown e, int i)
    {
        Tally.Call(Method.Exceptions_Filter);
        return e.Number == i;
    }

    static int CaughtFrom(int i)
    {
        try
        {
            return Rethrow(i);
        }
        catch (Thrown e)
        {
            Tally.Unwound(Method.Exceptions_Rethrow);
            return e.Number * 5;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Rethrow(int i)
    {
        Tally.Call(Method.Exceptions_Rethrow);
        try
        {
            return Inner(i * 2);
        }
        catch (Thrown)
        {
            Tally.Unwound(Method.Exceptions_Inner);
            throw;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int CatchInside(int i)
    {
        Tally.Call(Method.Exceptions_CatchInside);
        int sum = 0;
        try
        {
            sum = Inner(i * 2);
        }
        catch (Thrown e)
        {
            Tally.Unwound(Method.Exceptions_Inner);
            sum = e.Number / 2;
        }

        return NoThrow(sum) + 99;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int NoThrow(int i)
    {
        Tally.Call(Method.Exceptions_NoThrow);
        try
        {
            return i + 1;
        }
        catch (Thrown)
        {
            return 0;
        }
    }
}

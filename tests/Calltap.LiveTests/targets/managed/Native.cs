using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Managed;

/// <summary>Methods that native code calls.</summary>
static unsafe class Native
{
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate int Comparison(int* a, int* b);

    static readonly Comparison s_back = Back;

    public static bool Round(int seed)
    {
        int* numbers = stackalloc int[64];
        delegate* unmanaged<int*, int*, int> compare = &Compare;
        Fill(numbers, seed);
        qsort(numbers, 64, sizeof(int), (nint)compare);
        bool right = IsSorted(numbers);
        Fill(numbers, seed + 1);
        qsort(numbers, 64, sizeof(int), Marshal.GetFunctionPointerForDelegate(s_back));
        return right && IsSorted(numbers);
    }

    static void Fill(int* numbers, int seed)
    {
        for (int i = 0; i < 64; i++) numbers[i] = (seed + (i * 37)) % 64;
    }

    static bool IsSorted(int* numbers)
    {
        for (int i = 0; i < 64; i++)
            if (numbers[i] != i) return false;
        return true;
    }

    [UnmanagedCallersOnly]
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Compare(int* a, int* b)
    {
        Tally.Call(Method.Native_Compare);
        return *a - *b;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Back(int* a, int* b)
    {
        Tally.Call(Method.Native_Back);
        return *a - *b;
    }

    [DllImport("libc")]
    static extern void qsort(void* start, nuint count, nuint size, nint compare);
}

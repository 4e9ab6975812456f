namespace Managed;

/// <summary>200 methods that are called when the test says so, and not before. ManagedBuild writes them, with the table s_methods.</summary>
static unsafe partial class Late
{
    public static bool Round(int seed)
    {
        if (!Control.IsLate) return true;
        bool right = true;
        for (int i = 0; i < Tally.LateMethods; i++) right &= s_methods[i](seed) == seed + i;
        return right;
    }
}

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace Managed;

/// <summary>Copies of this assembly that are unloaded again, their code with them. Called in the copies only.</summary>
static class Collectible
{
    const int MostAtATime = 2;

    static readonly byte[] s_assembly = File.ReadAllBytes(typeof(Collectible).Assembly.Location);
    static int s_loaded;

    /// <summary>Not more than two threads at a time: loading takes a thousand times what the other kinds take.</summary>
    public static bool Round(int seed)
    {
        if (Interlocked.Increment(ref s_loaded) > MostAtATime)
        {
            Interlocked.Decrement(ref s_loaded);
            return true;
        }

        bool right = LoadAndCall(seed);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Interlocked.Decrement(ref s_loaded);
        return right;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool LoadAndCall(int seed)
    {
        var context = new AssemblyLoadContext($"copy {seed}", isCollectible: true);
        Assembly copy = context.LoadFromStream(new MemoryStream(s_assembly));
        MethodInfo method = copy.GetType(typeof(Collectible).FullName!)!.GetMethod(nameof(Guest), BindingFlags.NonPublic | BindingFlags.Static)!;
        var guest = method.CreateDelegate<Func<int, int>>();
        bool right = method.Module != typeof(Collectible).Module;
        for (int i = 0; i < 200; i++) right &= guest(i) == (i * 5) + 3;
        context.Unload();
        return right;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Guest(int n)
    {
        Tally.Call(Method.Collectible_Guest);
        return Grow(n) + 3;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Grow(int n)
    {
        Tally.Call(Method.Collectible_Grow);
        return n * 5;
    }
}

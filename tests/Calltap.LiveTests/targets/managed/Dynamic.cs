using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>Methods made at run time, called 200 times and dropped: their memory is used again.</summary>
static class Dynamic
{
    static readonly MethodInfo s_called = typeof(Dynamic).GetMethod(nameof(Called), BindingFlags.NonPublic | BindingFlags.Static)!;

    public static bool Round(int seed)
    {
        Func<int, int> made = Make(seed);
        bool right = true;
        for (int i = 0; i < 200; i++)
        {
            Tally.Call(Method.Dynamic_Made);
            right &= made(i) == ((i + seed) * 2) + 1;
        }

        return right;
    }

    static Func<int, int> Make(int add)
    {
        var method = new DynamicMethod("Made", typeof(int), [typeof(int)], typeof(Dynamic).Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldc_I4, add);
        code.Emit(OpCodes.Add);
        code.Emit(OpCodes.Call, s_called);
        code.Emit(OpCodes.Ldc_I4_1);
        code.Emit(OpCodes.Add);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int, int>>();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static int Called(int n)
    {
        Tally.Call(Method.Dynamic_Called);
        return n * 2;
    }
}

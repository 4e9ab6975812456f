using System.Runtime.CompilerServices;

namespace Managed;

/// <summary>
/// How often each counted method was called, and how often a call was left by an exception. In the mapped file, so that copies of this assembly in other load
/// contexts count in the same place.
/// </summary>
static unsafe class Tally
{
    public const int LateMethods = 200, Methods = (int)Method.LateMethods + LateMethods;
    public const string DataName = "managed.tally";

    // A cache line for each method.
    const int Stride = 8;

    static readonly long* s_cells = (long*)(nint)AppContext.GetData(DataName)!;

    /// <summary>The first statement of a counted method; or just before the call, where the method must begin with something else.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Call(Method method) => Interlocked.Increment(ref s_cells[Stride * (int)method]);

    /// <summary>A call ended by an exception. Said by the one that catches it.</summary>
    public static void Unwound(Method method, int calls = 1) => Interlocked.Add(ref s_cells[(Stride * (int)method) + 1], calls);

    /// <summary>A line for each method: its name, its calls, and how many of them an exception ended.</summary>
    public static void Write(string path)
    {
        using (var text = new StreamWriter(path + ".new"))
            for (int i = 0; i < Methods; i++)
                text.Write($"{NameOf(i)} {s_cells[Stride * i]} {s_cells[(Stride * i) + 1]}\n");
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>As the runtime names it: a plus before a nested class, and the number of a class's own type parameters.</summary>
    static string NameOf(int method)
    {
        if (method >= (int)Method.LateMethods) return $"Managed.Late.Late{method - (int)Method.LateMethods:D3}";
        return (Method)method switch
        {
            Method.Dynamic_Made => "dynamicClass.Made",
            Method.Generics_Holder_Held => "Managed.Generics+Holder`1.Held",
            Method other => other.ToString().Split('_') is [var type, var nested, var name] ? $"Managed.{type}+{nested}.{name}" : $"Managed.{other.ToString().Replace('_', '.')}",
        };
    }
}

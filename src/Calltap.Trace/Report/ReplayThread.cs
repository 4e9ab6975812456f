using System.Globalization;

namespace Calltap.Trace;

/// <summary>
/// The lines of one thread. An entry is held back until the next event tells whether it is a leaf: <c>name();</c> or
/// <c>name() {</c>.
/// </summary>
sealed class ReplayThread(Tid thread, TraceCatalog catalog, TraceClock clock, ReplayLines output) : ICallVisitor
{
    // Deeper calls are not indented further, so that a line stays a line.
    const int MaxIndent = 200;
    const string NoDuration = "                ";

    (FunctionId Function, int Depth)? _held;
    long _entries;

    /// <inheritdoc/>
    public void OnEntry(FunctionId function, int depth, long parent, TscTime start)
    {
        WriteHeld();
        _held = (function, depth);
        _entries++;
    }

    /// <inheritdoc/>
    public void OnCall(in Call call)
    {
        string name = catalog.NameOf(call.Function);
        string unwound = call.EndedBy == EndedBy.Unwind ? " /* unwound */" : "";
        // The held entry is the newest call; one of another stack may end before it.
        bool isLeaf = _held is not null && call.Index == _entries - 1;
        if (!isLeaf)
            WriteHeld();
        _held = null;
        WriteLine(DurationText(call.Ticks), call.Depth, isLeaf ? $"{HeadOf(name)};{unwound}" : $"}} /* {name} */{unwound}");
    }

    void WriteHeld()
    {
        if (_held is { } held)
            WriteLine(NoDuration, held.Depth, $"{HeadOf(catalog.NameOf(held.Function))} {{");
        _held = null;
    }

    void WriteLine(string duration, int depth, string text)
    {
        string tid = catalog.TidOf(thread).Value.ToString(CultureInfo.InvariantCulture);
        output.Write(thread, $"{tid,8} {duration} |  {new string(' ', 2 * Math.Min(depth, MaxIndent))}{text}");
    }

    // A demangled C++ name has its parameters already.
    static string HeadOf(string name) => name.EndsWith(')') ? name : name + "()";

    string DurationText(ulong? ticks)
    {
        if (ticks is not { } known)
            return "            -   ";
        long ns = clock.ToNs(known);
        return string.Create(CultureInfo.InvariantCulture, $"{MarkOf(ns)} {ns / 1000,7}.{ns % 1000:000} us");
    }

    // As trace_find_mark in the kernel's kernel/trace/trace_output.c.
    static char MarkOf(long ns) => ns switch
    {
        > 1_000_000_000 => '$',
        > 100_000_000 => '@',
        > 10_000_000 => '*',
        > 1_000_000 => '#',
        > 100_000 => '!',
        > 10_000 => '+',
        _ => ' ',
    };
}

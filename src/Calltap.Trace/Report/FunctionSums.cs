namespace Calltap.Trace;

/// <summary>What the calls of all functions add up to, by function id. One thread at a time.</summary>
sealed class FunctionSums
{
    FunctionTimes[] _functions = [];

    /// <summary>All functions up to the highest that was called.</summary>
    public ReadOnlySpan<FunctionTimes> Functions => _functions;

    /// <summary>Adds a call that ended.</summary>
    public void Add(in Call call) => Of(call.Function.Value).Add(call);

    /// <summary>Adds another one's sums, which is not to be used any more.</summary>
    public void Add(FunctionSums other)
    {
        for (int i = 0; i < other._functions.Length; i++)
            if (other._functions[i].Calls > 0)
                Of(i).Add(other._functions[i]);
    }

    ref FunctionTimes Of(int function)
    {
        if (function >= _functions.Length)
            Array.Resize(ref _functions, Math.Max(function + 1, _functions.Length * 2));
        return ref _functions[function];
    }
}

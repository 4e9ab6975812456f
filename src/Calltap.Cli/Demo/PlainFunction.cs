namespace Calltap.Cli.Demo;

/// <summary>
/// One generated function of one argument. Whatever its shape, it computes <c>Factor * x + Term</c> modulo 2^64, so that its
/// callers can check every result without a second copy of the code.
/// </summary>
/// <param name="Index">Its number, which gives its name.</param>
/// <param name="Factor">What the argument is multiplied by.</param>
/// <param name="Term">What is added.</param>
/// <param name="Calls">Calls of generated functions that one call of it makes, itself included.</param>
/// <param name="Source">Its C source.</param>
public sealed record PlainFunction(int Index, ulong Factor, ulong Term, int Calls, string Source)
{
    /// <summary>The symbol: <c>f00000</c> and so on.</summary>
    public string Name => $"f{Index:D5}";
}

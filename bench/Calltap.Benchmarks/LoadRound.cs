namespace Calltap.Benchmarks;

/// <summary>One loading of a library, from dlopen's return to the first of its calls that was recorded; milliseconds.</summary>
/// <param name="Noticed">When the look began that armed it; below zero where that was before dlopen returned.</param>
/// <param name="Armed">When it was armed.</param>
/// <param name="FirstCall">When the first call was made that is in the trace.</param>
/// <param name="Collected">How long the garbage collector kept the tracer from its work between the first two.</param>
/// <param name="Steps">What that time was spent on.</param>
sealed record LoadRound(double Noticed, double Armed, double FirstCall, double Collected, IReadOnlyList<(string Step, TimeSpan Time)> Steps);

namespace Calltap.Trace;

/// <summary>What the width of a box in a flame graph stands for.</summary>
public enum FlameMetric
{
    /// <summary>Time in the function and what it called; below a box is what it called.</summary>
    Total = 0,

    /// <summary>Time in the function alone; below a box is who called it.</summary>
    Self = 1,

    /// <summary>Number of calls of the function and below it, for what has no times; below a box is what it called.</summary>
    Calls = 2,
}

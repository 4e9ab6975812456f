namespace Calltap.Fuzz;

/// <summary>An input that did what none may do.</summary>
/// <param name="Kind">What is the same for all inputs that meet the same fault.</param>
/// <param name="Text">All that is known of it.</param>
sealed record Fault(string Kind, string Text);

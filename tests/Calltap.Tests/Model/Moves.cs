namespace Calltap.Tests.Model;

/// <summary>Takes what can happen in one state.</summary>
sealed class Moves
{
    public List<(State Next, Move Move)> All { get; } = [];

    /// <summary>A move that breaks the target; null when there is none.</summary>
    public Move? Fault { get; private set; }

    public void Clear()
    {
        All.Clear();
        Fault = null;
    }

    public void To(State next, string words, int thread = 0, int site = 0) => All.Add((next, new Move(words, thread, site)));

    public void Break(string words, int thread = 0, int site = 0) => Fault ??= new Move(words, thread, site);
}

namespace Calltap.Tests.Model;

/// <summary>Breadth first through all states: the first fault found has the shortest way to it.</summary>
sealed class Search
{
    readonly Protocol _protocol;
    readonly Dictionary<State, int> _numbers = [];
    readonly List<State> _states = [];
    readonly List<int> _parents = [];
    readonly List<int>? _targets; // of every move, state after state
    readonly List<int> _firstTargets = [];
    readonly Moves _moves = new();

    Search(Protocol protocol, bool keepsMoves)
    {
        _protocol = protocol;
        _targets = keepsMoves ? [] : null;
    }

    /// <summary>Looks at every state that can be reached, or until a fault is found.</summary>
    public static SearchResult Through(Setup setup) => new Search(new Protocol(setup), keepsMoves: setup.LeftOut == Rules.None).Run();

    SearchResult Run()
    {
        Reach(_protocol.Start, -1);
        for (int at = 0; at < _states.Count; at++)
        {
            _protocol.AddMoves(_states[at], _moves);
            if (_targets is not null) _firstTargets.Add(_targets.Count);
            if (_moves.Fault is { } fault) return new SearchResult(_states.Count, [.. Way(at), $"{fault}"]);
            foreach ((State next, _) in _moves.All) Reach(_protocol.Sorted(next), at);
        }
        return new SearchResult(_states.Count, _targets is not null && Stuck() is >= 0 and int stuck ? [.. Way(stuck), "from here no window ever ends"] : []);
    }

    void Reach(State next, int from)
    {
        ref int number = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_numbers, next, out bool known);
        if (!known)
        {
            number = _states.Count;
            _states.Add(next);
            _parents.Add(from);
        }
        if (from >= 0) _targets?.Add(number);
    }

    /// <summary>A state from which no state of rest can be reached; -1 when there is none.</summary>
    int Stuck()
    {
        int[] first = new int[_states.Count + 1], from = new int[_targets!.Count];
        foreach (int to in _targets) first[to + 1]++;
        for (int i = 1; i < first.Length; i++) first[i] += first[i - 1];
        int[] free = [.. first];
        for (int state = 0; state < _states.Count; state++)
        {
            int end = state + 1 < _states.Count ? _firstTargets[state + 1] : _targets.Count;
            for (int i = _firstTargets[state]; i < end; i++) from[free[_targets[i]]++] = state;
        }
        var reaches = new bool[_states.Count];
        var left = new Stack<int>();
        for (int i = 0; i < _states.Count; i++)
            if (Protocol.IsRest(_states[i])) Take(i);
        while (left.TryPop(out int state))
            for (int i = first[state]; i < first[state + 1]; i++) Take(from[i]);
        return Array.IndexOf(reaches, false);

        void Take(int state)
        {
            if (reaches[state]) return;
            reaches[state] = true;
            left.Push(state);
        }
    }

    /// <summary>The moves that lead to a state.</summary>
    List<string> Way(int state)
    {
        var way = new List<string>();
        for (int at = state; _parents[at] >= 0; at = _parents[at])
        {
            _protocol.AddMoves(_states[_parents[at]], _moves);
            way.Add($"{_moves.All.Find(move => _protocol.Sorted(move.Next) == _states[at]).Move}");
        }
        way.Reverse();
        return way;
    }
}

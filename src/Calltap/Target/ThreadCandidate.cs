using System.Globalization;

namespace Calltap.Target;

/// <summary>A thread that could be borrowed for an injected system call, and how well.</summary>
/// <param name="Tid">The thread.</param>
/// <param name="Rank">0 runs in user code; above, <see cref="RestartableCalls.Rank"/>.</param>
internal readonly record struct ThreadCandidate(Tid Tid, int Rank)
{
    /// <summary>
    /// The usable threads up to <paramref name="worstRank"/>, the best first. The leader after its like: while it is traced, signals that the program
    /// ignores wake the others.
    /// </summary>
    internal static IReadOnlyList<ThreadCandidate> List(TargetProcess target, int worstRank)
    {
        List<ThreadCandidate> candidates = [];
        foreach (Tid tid in target.ReadThreads())
        {
            string stat = ProcFiles.TryReadText(ProcFiles.Thread(target.Pid, tid, "stat")) ?? "";
            string call = ProcFiles.TryReadText(ProcFiles.Thread(target.Pid, tid, "syscall")) ?? "";
            int rank = RankOf(stat, call);
            if (rank <= worstRank)
                candidates.Add(new ThreadCandidate(tid, rank));
        }

        return [.. candidates.OrderBy(c => c.Rank).ThenBy(c => c.Tid.Value == target.Pid.Value)];
    }

    /// <summary>From the texts of /proc/PID/task/TID/stat and syscall. D (vfork, a disk), T, t, Z and X are never usable.</summary>
    internal static int RankOf(string stat, string call)
    {
        int afterName = stat.LastIndexOf(") ", StringComparison.Ordinal);
        if (afterName < 0 || stat[afterName + 2] is not ('R' or 'S'))
            return RestartableCalls.Never;
        string[] words = call.Split(' ', StringSplitOptions.TrimEntries);
        if (words[0] == "running")
            return 0;
        return words.Length >= 7 && long.TryParse(words[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= 0
            ? RestartableCalls.Rank(number, Hex(words[2]), Hex(words[3]), Hex(words[4]))
            : RestartableCalls.Never;
    }

    private static ulong Hex(string word) =>
        ulong.TryParse(word.AsSpan(Math.Min(2, word.Length)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : 0;
}

namespace Calltap.LiveTests.Programs;

/// <summary>python3 at work on something whose result is known: hashing, sorting, parsing, dictionaries, exceptions, generators.</summary>
public static class PythonProgram
{
    // The last line printed is the digest of every round; each round must give what the first gave.
    const string Script = """
        import hashlib, json, re, sys, time

        def collatz(n):
            steps = 0
            while n != 1:
                n = n // 2 if n % 2 == 0 else 3 * n + 1
                steps += 1
            return steps

        def words(seed):
            for i in range(400):
                seed = (seed * 1103515245 + 12345) % 2147483648
                yield f"w{seed % 9973}-{i}"

        def risky(i):
            if i % 7 == 3:
                raise ValueError(i)
            return i

        def work():
            h = hashlib.sha256()
            table = {}
            for w in words(42):
                table.setdefault(w[:3], []).append(w)
            h.update(json.dumps(table, sort_keys=True).encode())
            h.update(str([collatz(n) for n in range(1, 300)]).encode())
            h.update(" ".join(re.findall(r"w(\d+)-\d", str(table))).encode())
            caught = 0
            for i in range(200):
                try:
                    caught += risky(i)
                except ValueError as e:
                    caught -= e.args[0]
            h.update(str(caught).encode())
            h.update(str(sorted(words(7), key=lambda w: w[::-1])[:50]).encode())
            return h.hexdigest()

        expected, rounds, end = work(), 1, time.monotonic() + float(sys.argv[1])
        print("ready", flush=True)
        while time.monotonic() < end:
            if work() != expected:
                sys.exit("wrong digest in round %d" % rounds)
            rounds += 1
        print("rounds", rounds)
        print("digest", expected)
        """;

    /// <summary>Whether python3 is installed.</summary>
    public static bool IsInstalled => InstalledPrograms.Find("python3") is not null;

    /// <summary>Starts it.</summary>
    /// <param name="seconds">How long it works.</param>
    public static SpawnedProgram Start(double seconds) =>
        SpawnedProgram.Start(InstalledPrograms.Find("python3")!, ["-c", Script, FormattableString.Invariant($"{seconds}")]);

    /// <summary>The digest it printed last, equal in all correct runs of one Python; null when it printed none.</summary>
    /// <param name="output">What the program printed.</param>
    public static string? Digest(string output) =>
        output.Split('\n').LastOrDefault(line => line.StartsWith("digest ", StringComparison.Ordinal))?["digest ".Length..];
}

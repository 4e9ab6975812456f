using System.Globalization;

namespace Calltap.Target;

/// <summary>The fields of /proc/PID/status (proc_pid_status(5)) that decide how a process can be traced.</summary>
/// <param name="Name">The command name, at most 15 bytes of it.</param>
/// <param name="State">One letter: R, S, D, T, t, Z, X, I.</param>
/// <param name="ThreadGroup">The process the thread belongs to.</param>
/// <param name="Parent">The process that made it, or that has taken it over since.</param>
/// <param name="TracerPid">The process that traces it; 0 for none.</param>
/// <param name="Uid">The effective user id.</param>
/// <param name="NamespaceId">Its id in the innermost pid namespace, which is what its own gettid gives.</param>
/// <param name="HasMemory">False for kernel threads and for what is about to end or has ended.</param>
/// <param name="IsKernelThread">The kernel says so (since 6.8), or it has the id of kthreadd, or a parent with it: to be asked of what has no memory.</param>
/// <param name="LockedBytes">VmLck.</param>
/// <param name="SeccompMode">0 none, 1 strict, 2 filter.</param>
/// <param name="BlockedSignals">SigBlk as a mask, bit 0 is signal 1.</param>
/// <param name="IgnoredSignals">SigIgn as a mask.</param>
/// <param name="CaughtSignals">SigCgt as a mask.</param>
/// <param name="NoNewPrivileges">NoNewPrivs.</param>
/// <param name="Capabilities">CapEff as a mask, a bit for each of linux/capability.h.</param>
/// <param name="HasShadowStack">x86_Thread_features lists shstk.</param>
public sealed record ProcStatus(
    string Name,
    char State,
    Pid ThreadGroup,
    Pid Parent,
    Pid TracerPid,
    int Uid,
    int NamespaceId,
    bool HasMemory,
    bool IsKernelThread,
    ByteSize LockedBytes,
    int SeccompMode,
    ulong BlockedSignals,
    ulong IgnoredSignals,
    ulong CaughtSignals,
    bool NoNewPrivileges,
    ulong Capabilities,
    bool HasShadowStack)
{
    /// <summary>Whether the thread has ended.</summary>
    public bool IsDead => State is 'Z' or 'X';

    /// <summary>Whether it has a capability, by its number.</summary>
    public bool Has(int capability) => (Capabilities >> capability & 1) != 0;

    /// <summary>Whether system calls of the thread are filtered (seccomp), and of every thread that it makes.</summary>
    public bool HasFilter => SeccompMode != 0;

    /// <summary>The status in a file of /proc; null when there is none any more.</summary>
    internal static ProcStatus? TryRead(string path) => ProcFiles.TryReadText(path) is { Length: > 0 } text ? Parse(text) : null;

    /// <summary>Reads the text; fields that a kernel does not write count as 0.</summary>
    public static ProcStatus Parse(string text)
    {
        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        foreach (string line in text.Split('\n'))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
                fields[line[..colon]] = line[(colon + 1)..].Trim();
        }

        string Field(string name) => fields.GetValueOrDefault(name, "");
        return new ProcStatus(
            Field("Name"),
            Field("State") is [char letter, ..] ? letter : 'X',
            new Pid(Number(Field("Tgid"))),
            new Pid(Number(Field("PPid"))),
            new Pid(Number(Field("TracerPid"))),
            Number(Word(Field("Uid"), 1)),
            Number(Word(Field("NSpid"), -1)),
            fields.ContainsKey("VmSize"),
            fields.TryGetValue("Kthread", out string? kthread) ? kthread == "1" : IsKthreadd(Field("Pid")) || IsKthreadd(Field("PPid")),
            new ByteSize(Number(Word(Field("VmLck"), 0)) * 1024L),
            Number(Field("Seccomp")),
            Mask(Field("SigBlk")),
            Mask(Field("SigIgn")),
            Mask(Field("SigCgt")),
            Field("NoNewPrivs") == "1",
            Mask(Field("CapEff")),
            Field("x86_Thread_features").Contains("shstk", StringComparison.Ordinal));
    }

    // The one that makes all others is process 2.
    private static bool IsKthreadd(string pid) => pid == "2";

    private static string Word(string text, int index)
    {
        string[] words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        int at = index < 0 ? words.Length + index : index;
        return at >= 0 && at < words.Length ? words[at] : "";
    }

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;

    private static ulong Mask(string text) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : 0;
}

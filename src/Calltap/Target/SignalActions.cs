using System.Buffers.Text;
using Calltap.Native;

namespace Calltap.Target;

/// <summary>What a process does with signals, as /proc tells; allocates nothing.</summary>
/// <param name="Ignored">Signals that do nothing: ignored, or by default without an effect. A mask, bit 0 is signal 1.</param>
/// <param name="Pending">Signals sent to the process that no thread has taken yet.</param>
internal readonly record struct SignalActions(ulong Ignored, ulong Pending)
{
    private const int SIGCHLD = 17, SIGURG = 23, SIGWINCH = 28;
    private const int FileBytes = 4096;
    private const int CaughtField = 34; // of proc_pid_stat(5), the first 31 signals, in decimal

    /// <summary>By the thread's status; nothing when it is gone.</summary>
    internal static SignalActions Of(Tid tid)
    {
        Span<byte> text = stackalloc byte[FileBytes];
        text = text[..ThreadFile.Read(new Pid(tid.Value), tid, "/status"u8, text)];
        ulong caught = Mask(text, "SigCgt:\t"u8);
        ulong byDefault = Signals.Bit(SIGCHLD) | Signals.Bit(Signals.SIGCONT) | Signals.Bit(SIGURG) | Signals.Bit(SIGWINCH);
        return new SignalActions(Mask(text, "SigIgn:\t"u8) | (byDefault & ~caught), Mask(text, "ShdPnd:\t"u8));
    }

    /// <summary>Whether the process catches SIGTRAP; null when the thread is gone. Cheaper than all signals.</summary>
    internal static bool? CatchesTrap(Tid tid)
    {
        Span<byte> text = stackalloc byte[FileBytes];
        text = text[..ThreadFile.Read(new Pid(tid.Value), tid, "/stat"u8, text)];
        int at = text.LastIndexOf((byte)')'); // the name may hold anything; fields 1 and 2 end here
        for (int field = 2; field < CaughtField && at >= 0; field++)
        {
            int next = at + 1 < text.Length ? text[(at + 1)..].IndexOf((byte)' ') : -1;
            at = next < 0 ? -1 : at + 1 + next;
        }
        return at >= 0 && Utf8Parser.TryParse(text[(at + 1)..], out ulong caught, out _) ? (caught & Signals.Bit(Signals.SIGTRAP)) != 0 : null;
    }

    /// <summary>Whether nothing happens when the signal is delivered.</summary>
    internal bool Ignores(int signal) => (Ignored & Signals.Bit(signal)) != 0;

    /// <summary>Whether such a signal waits for a thread to take it.</summary>
    internal bool IgnoresWhatIsPending => (Ignored & Pending) != 0;

    private static ulong Mask(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        int at = text.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(text[(at + name.Length)..], out ulong mask, out _, 'x') ? mask : 0;
    }
}

using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Symbols;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// A program of Go alone has no library that keeps descriptors of threads, but its runtime's m of each: the thread pointer leads into it, set before the thread runs
/// anything but the runtime (runtime.settls).
/// <code>
/// type m struct { ...; procid uint64; gsignal *g; goSigStack [5]uintptr; sigmask [2]uint32; tls [6]uintptr; ... }     thread pointer = &amp;tls + 8
/// </code>
/// procid is the thread's id (runtime.minit), and 0 until then.
/// </summary>
static class GoThreads
{
    const ulong AT_BASE = 7;
    const int Tries = 3;

    // runtime2.go of Go 1.17 to 1.25.
    static readonly ThreadDescriptorLayout s_layout = new(-0x48, null);

    /// <summary>The program, when it is of Go alone; null for any other.</summary>
    /// <param name="target">The process.</param>
    public static GoProgram? ReadProgram(TargetProcess target)
    {
        if (target.ReadAuxiliary(AT_BASE) != 0) return null; // a dynamic linker brings a C library
        using SafeFileHandle? program = target.OpenProgram();
        return program is null ? null : GoProgram.TryRead(WholeFile.Read(program), target.Name);
    }

    /// <summary>
    /// Where the threads' ids are, seen in one of them, which is stopped for that: the runtime makes all alike. One that is held at its start has none yet; then the toolchain's version
    /// must be known.
    /// </summary>
    /// <exception cref="AttachException">It is not where it should be.</exception>
    public static ThreadDescriptorLayout Verify(TargetProcess target, TargetTextWriter writer, TargetHold? hold)
    {
        if (hold is not null)
        {
            int found = Injection.RunHeld(target, writer, hold.Thread, hold.HeldThread, thread => TidIn(target, thread));
            if (found == IdOf(target, hold.HeldThread) || (found == 0 && target.GoAlone is { IsOfKnownVersion: true })) return s_layout;
            throw Refuse(target, "the version of its toolchain is not known: Go 1.17 to 1.25 are; another may be attached to when it runs");
        }
        for (int tries = 0; tries < Tries; tries++) // one that was just made has no id yet
        {
            (Tid tid, int found) = Injection.Run(target, writer, thread => (thread.Tid, TidIn(target, thread)));
            if (found != 0 && found == IdOf(target, tid)) return s_layout;
        }
        throw Refuse(target, "its runtime does not keep the threads' ids where Go 1.17 to 1.25 do");
    }

    static AttachException Refuse(TargetProcess target, string why) =>
        AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}) is of Go alone, and {why}");

    static int TidIn(TargetProcess target, HijackedThread thread)
    {
        Span<byte> word = stackalloc byte[sizeof(int)];
        return target.ReadMemory(new TargetAddress(thread.Registers.fs_base) + s_layout.Tid, word) == word.Length ? BinaryPrimitives.ReadInt32LittleEndian(word) : -1;
    }

    static int IdOf(TargetProcess target, Tid tid) => target.ReadStatus(tid)?.NamespaceId ?? -1;
}

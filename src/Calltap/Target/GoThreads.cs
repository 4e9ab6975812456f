using System.Runtime.InteropServices;
using Calltap.Code.Emit;
using Calltap.Symbols;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// A program of Go alone has no library that keeps descriptors of threads. Each has a thread pointer of its own, into the runtime's m, set before it runs
/// anything but the runtime (runtime.settls).
/// </summary>
static class GoThreads
{
    const ulong AT_NULL = 0, AT_BASE = 7, AT_HWCAP2 = 26;
    const ulong HWCAP2_FSGSBASE = 2; // arch/x86/include/uapi/asm/hwcap2.h

    /// <summary>Whether the program is of Go alone.</summary>
    /// <param name="target">The process.</param>
    public static bool IsGoAlone(TargetProcess target)
    {
        if (Auxiliary(target, AT_BASE) != 0) return false; // a dynamic linker, and with it a C library
        using SafeFileHandle? program = target.OpenProgram();
        if (program is null) return false;
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)Math.Min(RandomAccess.GetLength(program), Array.MaxLength)));
        int read = 0;
        for (int more = 1; read < bytes.Length && more > 0; read += more) more = RandomAccess.Read(program, bytes.AsSpan(read), read);
        return GoPrograms.IsGoAlone(bytes.AsMemory(0, read), target.Name);
    }

    /// <summary>How the trampolines know its threads.</summary>
    /// <exception cref="AttachException">The machine does not let programs read their thread pointer.</exception>
    public static ThreadDescriptorLayout Layout(TargetProcess target) => (Auxiliary(target, AT_HWCAP2) & HWCAP2_FSGSBASE) != 0
        ? ThreadDescriptorLayout.None
        : throw AttachChecks.Refuse(AttachRefusal.Unsupported, $"process {target.Pid} ({target.Name}) is of Go alone, whose threads are told apart by the instruction rdfsbase: Linux allows it since 5.9, on CPUs that have it");

    static ulong Auxiliary(TargetProcess target, ulong type)
    {
        ReadOnlySpan<ulong> vector = MemoryMarshal.Cast<byte, ulong>(target.ReadAuxiliaryVector());
        for (int i = 0; i + 1 < vector.Length && vector[i] != AT_NULL; i += 2)
            if (vector[i] == type) return vector[i + 1];
        return 0;
    }
}

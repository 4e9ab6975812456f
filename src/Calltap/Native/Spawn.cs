using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>posix_spawn(3). Targets are started here and nowhere else: the runtime's own reaper would take their ptrace stops.</summary>
internal static unsafe partial class Spawn
{
    private const short POSIX_SPAWN_SETSIGDEF = 4;
    private const short POSIX_SPAWN_SETSIGMASK = 8;

    /// <summary>Room for posix_spawnattr_t: 336 bytes in glibc and in musl.</summary>
    private const int AttributesSize = 512;

    /// <summary>Starts <paramref name="path"/> as a child of the calling thread, with this process's environment. ENOENT, EACCES: cannot be run.</summary>
    internal static SysResult<Pid> Start(string path, IReadOnlyList<string> arguments)
    {
        byte** environment = *(byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");
        byte* attributes = stackalloc byte[AttributesSize];
        nint* argv = (nint*)NativeMemory.AllocZeroed((nuint)arguments.Count + 1, (nuint)sizeof(nint));
        try
        {
            for (int i = 0; i < arguments.Count; i++)
                argv[i] = Marshal.StringToCoTaskMemUTF8(arguments[i]);
            SetAttributes(attributes);
            int pid;
            fixed (byte* file = NativeString.Of(path))
            {
                int error = posix_spawn(&pid, file, null, attributes, (byte**)argv, environment);
                return new SysResult<Pid>(new Pid(pid), (Errno)error);
            }
        }
        finally
        {
            for (int i = 0; i < arguments.Count; i++)
                Marshal.FreeCoTaskMem(argv[i]);
            NativeMemory.Free(argv);
            _ = posix_spawnattr_destroy(attributes);
        }
    }

    /// <summary>The runtime ignores SIGPIPE and an ignored signal stays so over exec: the target gets the default back, and an empty mask.</summary>
    private static void SetAttributes(byte* attributes)
    {
        ulong* signals = stackalloc ulong[16];
        new Span<ulong>(signals, 16).Clear();
        new SysResult((Errno)posix_spawnattr_init(attributes)).OrThrow("posix_spawnattr_init");
        new SysResult((Errno)posix_spawnattr_setsigmask(attributes, signals)).OrThrow("posix_spawnattr_setsigmask");
        signals[0] = Signals.Bit(Signals.SIGPIPE);
        new SysResult((Errno)posix_spawnattr_setsigdefault(attributes, signals)).OrThrow("posix_spawnattr_setsigdefault");
        new SysResult((Errno)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)).OrThrow("posix_spawnattr_setflags");
    }

    [LibraryImport("libc")]
    private static partial int posix_spawn(int* pid, byte* path, void* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, ulong* mask);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, ulong* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);
}

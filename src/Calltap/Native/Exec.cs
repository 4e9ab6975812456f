using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>execve(2) of this process.</summary>
internal static unsafe partial class Exec
{
    /// <summary>
    /// Has this process become <paramref name="path"/>, with its environment, files and terminal. Returns only when it can't: ENOENT, EACCES, ENOEXEC: no program that may be
    /// run; E2BIG: arguments too long.
    /// </summary>
    internal static Errno Become(string path, IReadOnlyList<string> arguments)
    {
        byte** environment = *(byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");
        nint* argv = (nint*)NativeMemory.AllocZeroed((nuint)arguments.Count + 1, (nuint)sizeof(nint));
        for (int i = 0; i < arguments.Count; i++)
            argv[i] = Marshal.StringToCoTaskMemUTF8(arguments[i]);
        // SAFETY: argv and environ end with null, their texts with a zero byte, and nobody frees them before the call returns.
        fixed (byte* file = NativeString.Of(path))
            _ = execve(file, (byte**)argv, environment);
        var error = (Errno)Marshal.GetLastPInvokeError();
        for (int i = 0; i < arguments.Count; i++)
            Marshal.FreeCoTaskMem(argv[i]);
        NativeMemory.Free(argv);
        return error;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int execve(byte* path, byte** argv, byte** envp);
}

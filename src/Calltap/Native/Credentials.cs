using System.Runtime.InteropServices;

namespace Calltap.Native;

/// <summary>credentials(7) of this process.</summary>
internal static partial class Credentials
{
    /// <summary>The user whose rights this process has.</summary>
    internal static uint EffectiveUser => geteuid();

    [LibraryImport("libc")]
    private static partial uint geteuid();
}

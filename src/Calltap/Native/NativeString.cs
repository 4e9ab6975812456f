using System.Text;

namespace Calltap.Native;

/// <summary>Text as libc takes it.</summary>
internal static class NativeString
{
    /// <summary>UTF-8 with a final zero byte.</summary>
    internal static byte[] Of(string text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}

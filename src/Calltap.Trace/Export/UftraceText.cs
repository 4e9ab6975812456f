using System.Text;

namespace Calltap.Trace;

/// <summary>Text files of uftrace's folder.</summary>
static class UftraceText
{
    static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Begins one.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    public static StreamWriter Create(Func<string, Stream> create, string name) => new(create(name), s_utf8) { NewLine = "\n" };
}

using System.Text;

namespace Calltap.Cli.Output;

/// <summary>Lets the first lines through and swallows the rest.</summary>
sealed class FirstLines(TextWriter output, int lines) : TextWriter
{
    int _left = lines;

    /// <inheritdoc/>
    public override Encoding Encoding => output.Encoding;

    /// <inheritdoc/>
    public override void Write(char value)
    {
        if (_left == 0) return;
        output.Write(value);
        if (value == '\n') _left--;
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value)
    {
        if (_left == 0) return;
        output.WriteLine(value);
        _left--;
    }
}

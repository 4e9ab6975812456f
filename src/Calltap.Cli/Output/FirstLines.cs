using System.Text;

namespace Calltap.Cli.Output;

/// <summary>Lets the first lines through, and then ends the writing by <see cref="Taken"/>.</summary>
sealed class FirstLines(TextWriter output, int lines) : TextWriter
{
    int _left = lines;

    /// <summary>Nothing more is wanted.</summary>
    public sealed class Taken : IOException;

    /// <inheritdoc/>
    public override Encoding Encoding => output.Encoding;

    /// <inheritdoc/>
    public override void Write(char value)
    {
        if (_left == 0) throw new Taken();
        output.Write(value);
        if (value == '\n') _left--;
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value)
    {
        if (_left == 0) throw new Taken();
        output.WriteLine(value);
        _left--;
    }
}

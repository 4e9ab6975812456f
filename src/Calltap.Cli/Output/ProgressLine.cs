namespace Calltap.Cli.Output;

/// <summary>Progress on stderr: one line that is overwritten on a terminal, a line each time elsewhere.</summary>
sealed class ProgressLine(Terminal terminal) : IDisposable
{
    bool _shown;

    /// <summary>Shows how far it is.</summary>
    public void Show(string text)
    {
        if (terminal.LogIsTerminal) terminal.Log.Write($"\r\x1b[K{text}");
        else terminal.Log.WriteLine(text);
        _shown = terminal.LogIsTerminal;
    }

    /// <summary>Takes an overwritten line away, so that a last word can be said.</summary>
    public void Dispose()
    {
        if (_shown) terminal.Log.Write("\r\x1b[K");
        _shown = false;
    }
}

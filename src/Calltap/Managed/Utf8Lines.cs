using System.Text;

namespace Calltap.Managed;

/// <summary>Lines of text that comes in pieces, which may end within a line, and within a letter.</summary>
sealed class Utf8Lines
{
    byte[] _partial = []; // of a line without its end

    /// <summary>Takes in a piece.</summary>
    /// <returns>The lines that end in it, without their ends.</returns>
    public IReadOnlyList<string> Add(ReadOnlySpan<byte> piece)
    {
        var lines = new List<string>();
        for (int end; (end = piece.IndexOf((byte)'\n')) >= 0; piece = piece[(end + 1)..])
        {
            lines.Add(Encoding.UTF8.GetString(_partial.Length == 0 ? piece[..end] : [.. _partial, .. piece[..end]]));
            _partial = [];
        }
        if (!piece.IsEmpty) _partial = [.. _partial, .. piece];
        return lines;
    }
}

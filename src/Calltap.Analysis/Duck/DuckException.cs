namespace Calltap.Analysis.Duck;

/// <summary>The engine refused a statement, or failed in it; the message is one line.</summary>
sealed class DuckException(string message) : Exception(OneLine(message))
{
    // The engine adds the line of the statement with a mark below it, behind an empty line.
    static string OneLine(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.TrimEntries);
        int behind = Array.FindIndex(lines, line => line.StartsWith("LINE ", StringComparison.Ordinal));
        IEnumerable<string> told = lines.Take(behind < 0 ? lines.Length : behind).Where(line => line.Length > 0);
        string place = behind > 0 && lines[behind].IndexOf(':', StringComparison.Ordinal) is var colon and > 5 ? $" (line {lines[behind][5..colon]})" : "";
        return string.Join("; ", told).TrimEnd('.') + place;
    }
}

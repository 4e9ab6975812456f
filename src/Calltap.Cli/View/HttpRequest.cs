using System.Globalization;

namespace Calltap.Cli.View;

/// <summary>What a browser asks for.</summary>
/// <param name="Method">GET or another.</param>
/// <param name="Path">The path, unescaped, from its slash on.</param>
/// <param name="Query">The values behind the question mark by name, unescaped.</param>
/// <param name="Host">The Host header.</param>
/// <param name="KeepsAlive">Whether more requests may follow on the connection.</param>
sealed record HttpRequest(string Method, string Path, IReadOnlyDictionary<string, string> Query, string Host, bool KeepsAlive)
{
    /// <summary>Reads a request's lines, without the empty one that ends them; null for what is none, or has a body.</summary>
    public static HttpRequest? Parse(string head)
    {
        string[] lines = head.Split("\r\n");
        string[] words = lines[0].Split(' ');
        if (words.Length != 3 || words[2] is not ("HTTP/1.1" or "HTTP/1.0") || !words[1].StartsWith('/')) return null;
        string? host = null;
        bool keepsAlive = words[2] == "HTTP/1.1";
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) return null;
            string value = line[(colon + 1)..].Trim();
            switch (line[..colon].ToLowerInvariant())
            {
                case "host" when host is not null: return null;
                case "host": host = value; break;
                case "connection" when value.Equals("close", StringComparison.OrdinalIgnoreCase): keepsAlive = false; break;
                case "transfer-encoding": return null;
                case "content-length" when value != "0": return null;
            }
        }
        int question = words[1].IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? words[1] : words[1][..question];
        return host is null ? null : new HttpRequest(words[0], Uri.UnescapeDataString(path), Values(question < 0 ? "" : words[1][(question + 1)..]), host, keepsAlive);
    }

    /// <summary>A value; empty without.</summary>
    public string Text(string name) => Query.GetValueOrDefault(name, "");

    /// <summary>A number.</summary>
    /// <exception cref="FormatException">It is missing, none, or not finite.</exception>
    public double Number(string name) =>
        double.TryParse(Text(name), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : throw new FormatException($"{name} is no number");

    /// <summary>A whole number within bounds: what lies beyond is brought there.</summary>
    /// <exception cref="FormatException">It is missing or none.</exception>
    public int Whole(string name, int least, int most) => (int)Math.Clamp(Number(name), least, most);

    static Dictionary<string, string> Values(string query)
    {
        Dictionary<string, string> values = [];
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            values[equals < 0 ? pair : pair[..equals]] = equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
        }
        return values;
    }
}

using System.Text;

namespace Calltap.Cli.View;

/// <summary>What a browser gets.</summary>
/// <param name="Status">Code and reason.</param>
/// <param name="Type">Content type.</param>
/// <param name="Body">The bytes.</param>
sealed record HttpAnswer(string Status, string Type, ReadOnlyMemory<byte> Body)
{
    // Nothing but our own files runs in the page, nothing is asked of elsewhere, and the address, which holds the token, is told to nobody.
    const string Always =
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
        + "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\nCache-Control: no-store\r\n";

    /// <summary>A line of text with another status than 200.</summary>
    public static HttpAnswer Refusal(string status, string why) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(why + "\n"));

    /// <summary>What was asked for.</summary>
    public static HttpAnswer Found(string type, ReadOnlyMemory<byte> body) => new("200 OK", type, body);

    /// <summary>The lines before the body.</summary>
    public byte[] Head(bool keepsAlive) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 {Status}\r\nContent-Type: {Type}\r\nContent-Length: {Body.Length}\r\n{Always}Connection: {(keepsAlive ? "keep-alive" : "close")}\r\n\r\n");
}

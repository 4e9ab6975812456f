using System.Net.Sockets;
using System.Text;

namespace Calltap.Cli.View;

/// <summary>One connection of a browser: its requests, one after another.</summary>
sealed class HttpConnection(Socket socket, Func<HttpRequest, HttpAnswer> answer) : IDisposable
{
    const int LongestHead = 64 * 1024;
    const int IdleMilliseconds = 60_000;

    readonly byte[] _buffer = new byte[LongestHead];
    int _filled;

    /// <summary>Serves it until the browser ends it, is silent for a minute, or sends what is no request.</summary>
    public void Serve()
    {
        socket.NoDelay = true;
        socket.ReceiveTimeout = socket.SendTimeout = IdleMilliseconds;
        try
        {
            while (ReadHead() is { } head)
                if (!Answer(HttpRequest.Parse(head)))
                    break;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The browser has gone, or we end.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    bool Answer(HttpRequest? request)
    {
        HttpAnswer found = request is null ? HttpAnswer.Refusal("400 Bad Request", "this is no request that is served here") : answer(request);
        bool keepsAlive = request is { KeepsAlive: true };
        Send(found.Head(keepsAlive));
        if (request?.Method != "HEAD") Send(found.Body);
        return keepsAlive;
    }

    // null: the browser ended the connection, or its request is too long.
    string? ReadHead()
    {
        while (true)
        {
            int end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                string head = Encoding.Latin1.GetString(_buffer, 0, end);
                _buffer.AsSpan((end + 4).._filled).CopyTo(_buffer);
                _filled -= end + 4;
                return head;
            }
            if (_filled == _buffer.Length) return null;
            int read = socket.Receive(_buffer.AsSpan(_filled));
            if (read == 0) return null;
            _filled += read;
        }
    }

    void Send(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[socket.Send(bytes.Span)..];
    }
}

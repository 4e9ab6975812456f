using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Calltap.Cli.View;

/// <summary>
/// A page for one person on this machine: on the loopback address, below a path that nobody can guess. Other users of the machine can connect, and a page of
/// the web can make a browser ask, so every request has to name the token, and the Host header has to be ours: a name that was rebound to 127.0.0.1 is another.
/// </summary>
sealed class LocalServer : IDisposable
{
    const int MostConnections = 64;
    const int TokenBytes = 32;

    readonly TcpListener _listener;
    readonly byte[] _token = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(TokenBytes * 2, lowercase: true));
    readonly Func<HttpRequest, HttpAnswer> _page;
    readonly Action<Exception> _failed;
    readonly HashSet<HttpConnection> _connections = [];
    volatile bool _isOver;

    /// <summary>Begins to serve.</summary>
    /// <param name="port">The port; 0 for any that is free.</param>
    /// <param name="page">Answers what passed the checks, its path without the token. Called by several threads.</param>
    /// <param name="failed">Told of an exception of <paramref name="page"/>, by any thread.</param>
    /// <exception cref="CommandException">The port is not to be had.</exception>
    public LocalServer(int port, Func<HttpRequest, HttpAnswer> page, Action<Exception> failed)
    {
        (_page, _failed) = (page, failed);
        _listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            _listener.Start();
        }
        catch (SocketException e)
        {
            throw CommandException.Failed($"can't serve on port {port}: {e.Message}");
        }
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        new Thread(Accept) { IsBackground = true, Name = "accept" }.Start();
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>Where the page is.</summary>
    public string Address => $"http://127.0.0.1:{Port}/{Encoding.ASCII.GetString(_token)}/";

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        _listener.Dispose();
        lock (_connections)
            foreach (HttpConnection connection in _connections) connection.Dispose();
    }

    void Accept()
    {
        while (!_isOver)
        {
            try
            {
                Start(_listener.AcceptSocket());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                if (!_isOver) Thread.Sleep(10); // out of descriptors, or a connection that ended at once
            }
        }
    }

    void Start(Socket socket)
    {
        var connection = new HttpConnection(socket, Answer);
        lock (_connections)
        {
            if (_isOver || _connections.Count == MostConnections)
            {
                connection.Dispose();
                return;
            }
            _connections.Add(connection);
        }
        new Thread(() => Serve(connection)) { IsBackground = true, Name = "connection" }.Start();
    }

    void Serve(HttpConnection connection)
    {
        using (connection) connection.Serve();
        lock (_connections) _connections.Remove(connection);
    }

    HttpAnswer Answer(HttpRequest request)
    {
        if (!IsOurs(request.Host)) return HttpAnswer.Refusal("403 Forbidden", "this host is not served here");
        int end = request.Path.IndexOf('/', 1);
        if (end < 0 || !IsToken(request.Path[1..end])) return HttpAnswer.Refusal("403 Forbidden", "the address lacks its token: calltap prints it whole");
        if (request.Method is not ("GET" or "HEAD")) return HttpAnswer.Refusal("405 Method Not Allowed", "nothing can be changed here");
        try
        {
            return _page(request with { Path = request.Path[(end + 1)..] });
        }
        catch (FormatException e)
        {
            return HttpAnswer.Refusal("400 Bad Request", e.Message);
        }
        catch (Exception e)
        {
            _failed(e);
            return HttpAnswer.Refusal("500 Internal Server Error", e.Message);
        }
    }

    bool IsOurs(string host) => host == $"127.0.0.1:{Port}" || host.Equals($"localhost:{Port}", StringComparison.OrdinalIgnoreCase);

    bool IsToken(string text) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), _token);
}

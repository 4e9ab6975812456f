using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Calltap.LiveTests.Programs;

/// <summary>A redis-server of our own on a free loopback port, without files, and redis-benchmark against it.</summary>
public sealed class RedisServer : IDisposable
{
    readonly int _port;

    RedisServer(int port)
    {
        _port = port;
        Program = SpawnedProgram.Start("redis-server",
            ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--io-threads", "2"]);
    }

    /// <summary>Whether redis-server and redis-benchmark are installed (Debian: redis-server, redis-tools).</summary>
    public static bool IsInstalled => InstalledPrograms.Find("redis-server") is not null && InstalledPrograms.Find("redis-benchmark") is not null;

    /// <summary>The server.</summary>
    public SpawnedProgram Program { get; }

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public static RedisServer Start()
    {
        var server = new RedisServer(FreePort());
        for (var tries = 0; tries < 200; tries++)
        {
            try
            {
                if (server.Ask("PING") == "+PONG")
                    return server;
            }
            catch (SocketException)
            {
                Thread.Sleep(25);
            }
        }
        server.Dispose();
        throw new TimeoutException($"redis-server does not answer: {server.Program.Output}");
    }

    /// <summary>Runs redis-benchmark over several kinds of commands; its exit code is 0 when every answer was right in form.</summary>
    /// <param name="requests">How many of each kind.</param>
    public SpawnedProgram StartBenchmark(int requests) => SpawnedProgram.Start("redis-benchmark",
        ["-p", $"{_port}", "-n", $"{requests}", "-c", "20", "-P", "4", "-q", "-t", "set,get,incr,lpush,lpop,sadd,hset,zadd,mset"]);

    /// <summary>Writes keys and reads them back.</summary>
    /// <param name="count">How many.</param>
    /// <returns>How many were read back wrong.</returns>
    public int WrongEchoes(int count)
    {
        var wrong = 0;
        for (var i = 0; i < count; i++)
            if (Ask($"SET check:{i} value{i}") != "+OK" || Ask($"STRLEN check:{i}") != $":{$"value{i}".Length}")
                wrong++;
        return wrong;
    }

    /// <inheritdoc/>
    public void Dispose() => Program.Dispose();

    string Ask(string command)
    {
        using var client = new TcpClient();
        client.Connect(IPAddress.Loopback, _port);
        client.ReceiveTimeout = 10_000;
        using var stream = client.GetStream();
        stream.Write(Encoding.ASCII.GetBytes(command + "\r\n"));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return reader.ReadLine() ?? "";
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

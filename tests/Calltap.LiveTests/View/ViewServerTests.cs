using System.Net;
using System.Net.Sockets;
using System.Text;
using Calltap.LiveTests.Cli;

namespace Calltap.LiveTests.View;

/// <summary>Whom <c>calltap view</c> serves, and whom not.</summary>
public sealed class ViewServerTests
{
    [Fact]
    public void Only_who_knows_the_token_and_comes_by_this_host_is_served()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        Uri address = trace.Address;
        Assert.Equal("127.0.0.1", address.Host);
        string token = address.AbsolutePath.Trim('/');
        Assert.Equal(64, token.Length); // 256 bits
        Assert.Equal(200, Ask(address, address.AbsolutePath));
        foreach (string path in (string[])["api/trace", "api/functions", "main.js", "view.css", "api/flame?metric=total&px=100", "api/function?id=0", "api/call?thread=1&call=0", "api/spans?from=0&to=100&px=10&most=10&lanes=1:0:9"])
        {
            Assert.Equal((path, 200), (path, Ask(address, $"/{token}/{path}")));
            Assert.Equal((path, 403), (path, Ask(address, $"/{path}")));
            Assert.Equal((path, 403), (path, Ask(address, $"/{Changed(token)}/{path}")));
            Assert.Equal((path, 403), (path, Ask(address, $"/{token}/{path}", host: "rebound.example")));
            Assert.Equal((path, 403), (path, Ask(address, $"/{token}/{path}", host: $"rebound.example:{address.Port}")));
            Assert.Equal((path, 403), (path, Ask(address, $"/{token}/{path}", host: "127.0.0.1")));
        }
        Assert.Equal(403, Ask(address, $"/{token}"));
        Assert.Equal(403, Ask(address, $"/{token[..32]}/"));
        Assert.Equal(403, Ask(address, "/"));
        Assert.Equal(200, Ask(address, $"/{token}/", host: $"localhost:{address.Port}"));
    }

    [Fact]
    public void What_is_no_question_is_refused_and_the_next_one_is_answered()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        Uri address = trace.Address;
        string own = address.AbsolutePath;
        Assert.Equal(404, Ask(address, $"{own}nothing"));
        Assert.Equal(404, Ask(address, $"{own}../../../etc/passwd"));
        Assert.Equal(405, Ask(address, own, method: "POST"));
        foreach (string bad in (string[])["api/spans", "api/spans?from=x&to=1&px=1&most=1", "api/spans?from=0&to=NaN&px=1&most=1&lanes=1:0:1", "api/spans?from=0&to=1&px=1&most=1&lanes=9:0:1", "api/spans?from=0&to=1&px=1&most=1&lanes=1",
            "api/flame?metric=none&px=1", "api/flame?metric=total&px=1&path=x", "api/function?id=", "api/call?thread=77&call=0"])
            Assert.Equal((bad, 400), (bad, Ask(address, own + bad)));
        Assert.Equal(404, Ask(address, $"{own}api/call?thread=1&call=123456"));
        Assert.Equal(200, Ask(address, $"{own}api/spans?from=-1e300&to=1e300&px=0&most=0&lanes=1:0:2147483647"));
        Assert.Equal(400, Send(address, "nonsense\r\n\r\n"));
        Assert.Equal(400, Send(address, $"GET {own} HTTP/1.1\r\n\r\n"));
        Assert.Equal(400, Send(address, $"GET {own} HTTP/1.1\r\nHost: {address.Authority}\r\nHost: rebound.example\r\n\r\n"));
        Assert.Equal(400, Send(address, $"GET {own} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Length: 5\r\n\r\n"));
        Assert.Null(Send(address, new string('x', 100_000)));
        Assert.Equal(200, Ask(address, own));
    }

    [Fact]
    public void Nothing_but_this_machine_is_listened_to_and_ctrl_C_ends_it()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        string port = trace.Address.Port.ToString("X4");
        string[] listening = [.. File.ReadLines("/proc/net/tcp").Concat(File.Exists("/proc/net/tcp6") ? File.ReadLines("/proc/net/tcp6") : [])
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 3 && words[3] == "0A").Select(words => words[1]).Where(local => local.EndsWith($":{port}", StringComparison.Ordinal))];
        Assert.Equal([$"0100007F:{port}"], listening);
        trace.Run.Interrupt();
        trace.Run.AssertEnds(0);
    }

    [Fact]
    public void A_port_is_chosen_or_said_to_be_taken()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        Assert.Contains("can't serve on port", CliRun.RunBad(2, "view", trace.Path, "--no-open", "--port", $"{trace.Address.Port}"));
        Assert.Contains("at most 65535", CliRun.RunBad(64, "view", trace.Path, "--port", "65536"));
        Assert.Contains("no function of this trace matches", CliRun.RunBad(1, "view", trace.Path, "-F", "nothing_of_this_name"));
    }

    static string Changed(string token) => (token[0] == 'a' ? 'b' : 'a') + token[1..];

    static int? Ask(Uri address, string path, string? host = null, string method = "GET") =>
        Send(address, $"{method} {path} HTTP/1.1\r\nHost: {host ?? address.Authority}\r\nConnection: close\r\n\r\n");

    // The status of the answer; null when the connection was ended without one.
    static int? Send(Uri address, string request)
    {
        using var client = new TcpClient();
        client.Connect(IPAddress.Loopback, address.Port);
        client.ReceiveTimeout = 60_000;
        using NetworkStream stream = client.GetStream();
        byte[] answer = new byte[12]; // HTTP/1.1 200
        try
        {
            stream.Write(Encoding.ASCII.GetBytes(request));
            stream.ReadExactly(answer);
        }
        catch (IOException)
        {
            return null;
        }
        return int.Parse(Encoding.ASCII.GetString(answer)[9..]);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Calltap.LiveTests.View;

/// <summary>A page in headless Chromium, driven by the DevTools protocol over its WebSocket.</summary>
sealed class Chromium : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    readonly Process _process;
    readonly DirectoryInfo _profile;
    readonly ClientWebSocket _socket = new();
    readonly List<string> _complaints = [];
    int _last;

    Chromium(Process process, DirectoryInfo profile) => (_process, _profile) = (process, profile);

    /// <summary>What the page or the browser complained of: exceptions, what the content policy refused.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    /// <summary>Opens an address; the test is skipped where there is no Chromium.</summary>
    public static Chromium Open(string address, bool isDark = false)
    {
        string? browser = new[] { "chromium", "chromium-browser", "google-chrome" }.SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, "no Chromium: install chromium");
        DirectoryInfo profile = Directory.CreateTempSubdirectory("calltap-chromium-");
        var start = new ProcessStartInfo(browser, [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--remote-debugging-port=0", $"--user-data-dir={profile.FullName}", "about:blank"])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var page = new Chromium(process, profile);
        try
        {
            page.Connect();
            page.Call("Page.enable");
            page.Call("Runtime.enable");
            page.Call("Log.enable");
            page.Call("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = 1400, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = false });
            page.Call("Emulation.setEmulatedMedia", new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" }) });
            page.Call("Page.navigate", new JsonObject { ["url"] = address });
            page.WaitFor("document.body && document.body.dataset.ready === 'yes'");
            return page;
        }
        catch
        {
            page.Dispose();
            throw;
        }
    }

    /// <summary>The value of an expression in the page; promises are awaited.</summary>
    public JsonNode? Evaluate(string expression)
    {
        JsonNode answer = Call("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true });
        Assert.True(answer["exceptionDetails"] is null, $"{expression}: {answer["exceptionDetails"]?.ToJsonString()}");
        return answer["result"]!["value"];
    }

    /// <summary>Waits until an expression is true.</summary>
    public void WaitFor(string expression)
    {
        long start = Stopwatch.GetTimestamp();
        while (!(Evaluate($"!!({expression})")?.GetValue<bool>() ?? false))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, $"not in time: {expression}; {string.Join("; ", _complaints)}");
            Thread.Sleep(20);
        }
    }

    /// <summary>Clicks where the middle of the first element is that a selector finds, as a mouse does.</summary>
    public void Click(string selector)
    {
        JsonNode middle = Evaluate($"(() => {{ const r = document.querySelector({JsonValue.Create(selector).ToJsonString()}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()")!;
        ClickAt(middle[0]!.GetValue<double>(), middle[1]!.GetValue<double>());
    }

    /// <summary>Clicks at a place.</summary>
    public void ClickAt(double x, double y)
    {
        Mouse("mouseMoved", x, y);
        Mouse("mousePressed", x, y, buttons: 1);
        Mouse("mouseReleased", x, y);
    }

    /// <summary>Turns the wheel.</summary>
    public void Wheel(double x, double y, double delta) => Call("Input.dispatchMouseEvent", new JsonObject { ["type"] = "mouseWheel", ["x"] = x, ["y"] = y, ["deltaX"] = 0, ["deltaY"] = delta });

    /// <summary>Moves the mouse with its button pressed.</summary>
    public void Drag(double x, double y, double toX, double toY)
    {
        Mouse("mouseMoved", x, y);
        Mouse("mousePressed", x, y, buttons: 1);
        for (int step = 1; step <= 5; step++) Mouse("mouseMoved", x + ((toX - x) * step / 5), y + ((toY - y) * step / 5), buttons: 1);
        Mouse("mouseReleased", toX, toY);
    }

    /// <summary>Types a text into what has the focus.</summary>
    public void Type(string text) => Call("Input.insertText", new JsonObject { ["text"] = text });

    /// <summary>Presses a key.</summary>
    public void Press(string key)
    {
        foreach (string type in (string[])["keyDown", "keyUp"])
        {
            var press = new JsonObject { ["type"] = type, ["key"] = key };
            if (type == "keyDown" && key.Length == 1) press["text"] = key;
            Call("Input.dispatchKeyEvent", press);
        }
    }

    /// <summary>What is to be seen, as PNG.</summary>
    public byte[] Screenshot() => Convert.FromBase64String(Call("Page.captureScreenshot", new JsonObject { ["format"] = "png" })["data"]!.GetValue<string>());

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _profile.Delete(recursive: true);
    }

    void Mouse(string type, double x, double y, int buttons = 0)
    {
        bool isMove = type == "mouseMoved" && buttons == 0;
        Call("Input.dispatchMouseEvent", new JsonObject { ["type"] = type, ["x"] = x, ["y"] = y, ["button"] = isMove ? "none" : "left", ["buttons"] = buttons, ["clickCount"] = isMove ? 0 : 1 });
    }

    // The port is in a file of the profile once it is open.
    void Connect()
    {
        string file = Path.Combine(_profile.FullName, "DevToolsActivePort");
        long start = Stopwatch.GetTimestamp();
        using var http = new HttpClient();
        while (true)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience && !_process.HasExited, "Chromium does not start");
            if (File.Exists(file) && File.ReadLines(file).FirstOrDefault() is { Length: > 0 } port
                && JsonNode.Parse(http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json")).Result)!.AsArray().FirstOrDefault(target => target!["type"]!.GetValue<string>() == "page") is { } page)
            {
                _socket.ConnectAsync(new Uri(page["webSocketDebuggerUrl"]!.GetValue<string>()), CancellationToken.None).Wait();
                return;
            }
            Thread.Sleep(50);
        }
    }

    JsonNode Call(string method, JsonObject? parameters = null)
    {
        int id = ++_last;
        var request = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        using var limit = new CancellationTokenSource(s_patience);
        _socket.SendAsync(Encoding.UTF8.GetBytes(request.ToJsonString()), WebSocketMessageType.Text, true, limit.Token).Wait();
        while (true)
        {
            JsonNode message = Receive(limit.Token);
            if (message["method"] is { } name) Note(name.GetValue<string>(), message["params"]!);
            else if (message["id"]!.GetValue<int>() == id)
                return message["result"] ?? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{method}: {message["error"]?.ToJsonString()}"));
        }
    }

    JsonNode Receive(CancellationToken limit)
    {
        using var whole = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            WebSocketReceiveResult part = _socket.ReceiveAsync(buffer, limit).Result;
            whole.Write(buffer, 0, part.Count);
            if (part.EndOfMessage) return JsonNode.Parse(whole.ToArray())!;
        }
    }

    void Note(string method, JsonNode parameters)
    {
        if (method is "Runtime.exceptionThrown" || (method == "Log.entryAdded" && parameters["entry"]!["level"]!.GetValue<string>() == "error")) _complaints.Add(parameters.ToJsonString());
    }
}

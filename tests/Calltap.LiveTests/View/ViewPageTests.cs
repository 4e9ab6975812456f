using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Calltap.LiveTests.Cli;

namespace Calltap.LiveTests.View;

/// <summary>The page of <c>calltap view</c> in a browser: what it shows is what <c>calltap report</c> says, and it does what is clicked.</summary>
public sealed class ViewPageTests
{
    [Fact]
    public void The_flame_graph_is_as_wide_as_the_report_says()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using Chromium page = Chromium.Open(trace.Address.AbsoluteUri);
        ShowFlame(page);
        Dictionary<string, (long? Total, long? Self)> report = Report(trace);
        Assert.Equal(4, report.Values.Count(times => times.Total > 0)); // no_exits has none
        foreach ((string name, (long? total, _)) in report.Where(f => f.Value.Total > 0)) Assert.Equal((name, total), (name, Widths(page)[name]));
        page.Click("[name=metric][value=self]");
        page.WaitFor("[...document.querySelectorAll('.box[data-depth=\"1\"]')].some(box => box.textContent === 'hot_leaf')");
        foreach ((string name, (_, long? self)) in report.Where(f => f.Value.Self > 0)) Assert.Equal((name, self), (name, Widths(page, depth: 1)[name]));
        page.Click("[name=metric][value=calls]");
        page.WaitFor($"document.querySelector({JsonValue.Create(Box("no_exits")).ToJsonString()})");
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public void A_thread_of_the_flame_graph_is_chosen()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using Chromium page = Chromium.Open(trace.Address.AbsoluteUri);
        ShowFlame(page);
        long both = Widths(page)["main"];
        page.Evaluate("(() => { const choice = document.getElementById('flame-thread'); choice.value = '2'; choice.dispatchEvent(new Event('change', { bubbles: true })); })()");
        page.WaitFor($"[...document.querySelectorAll('.box')].some(box => box.textContent === 'main' && box.dataset.width === '{both / 2}')");
    }

    [Fact]
    public void A_click_zooms_the_flame_graph_and_shows_the_function()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using Chromium page = Chromium.Open(trace.Address.AbsoluteUri);
        ShowFlame(page);
        double before = WidthOf(page, "hot_leaf");
        page.Click(Box("work"));
        page.WaitFor("document.querySelector('#boxes .above')");
        page.WaitFor("document.querySelector('#details h2')?.textContent === 'work'");
        double all = page.Evaluate("document.getElementById('boxes').clientWidth")!.GetValue<double>();
        Assert.InRange(WidthOf(page, "work") / all, 0.99, 1.01);
        Assert.InRange(WidthOf(page, "hot_leaf") / all, 0.58, 0.62); // 300 of 500
        Assert.True(WidthOf(page, "hot_leaf") > before);
        Assert.Equal(["main"], Names(page, "#details .callers .what").Where(name => name != "(no traced function)"));
        Assert.Equal(["hot_leaf", "cold_leaf"], Names(page, "#details .callees .what"));
        Assert.True(page.Evaluate("document.querySelectorAll('#details .histogram i').length")!.GetValue<int>() > 0);
        page.Press("0");
        page.WaitFor("!document.querySelector('#boxes .above')");
    }

    [Fact]
    public void A_search_marks_what_it_finds_everywhere()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using Chromium page = Chromium.Open(trace.Address.AbsoluteUri);
        ShowFlame(page);
        page.Press("/");
        page.Type("leaf");
        page.WaitFor("document.querySelectorAll('.box.match').length === 2");
        Assert.Equal(["cold_leaf", "hot_leaf"], Names(page, ".box.match").Order());
        Assert.Contains("2 of 5 functions", page.Evaluate("document.getElementById('found').textContent")!.GetValue<string>());
        Assert.Contains("36.8 %", page.Evaluate("document.getElementById('flame-hint').textContent")!.GetValue<string>()); // 20 x 350,000 of 20 x 900,000 and 1,000,000
        Assert.True(page.Evaluate("+getComputedStyle(document.querySelector('.box.match')).opacity > +getComputedStyle(document.querySelector('.box:not(.match)')).opacity")!.GetValue<bool>());
        page.Press("Escape");
        page.WaitFor("document.querySelectorAll('.box.match').length === 0");
    }

    [Fact]
    public void The_table_sorts_and_shows_who_calls()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using Chromium page = Chromium.Open(trace.Address.AbsoluteUri);
        page.Press("3");
        Assert.Equal("main", Names(page, "#table td.name")[0]); // by total
        page.Click("#table th[data-key=calls] button");
        Assert.Equal("hot_leaf", Names(page, "#table td.name")[0]);
        page.Click("#table th[data-key=calls] button");
        Assert.Equal("no_exits", Names(page, "#table td.name")[0]);
        page.Click("#table th[data-key=name] button");
        Assert.Equal(["cold_leaf", "hot_leaf", "main", "no_exits", "work"], Names(page, "#table td.name"));
        page.Click("#table tr[data-function='2'] td.name");
        page.WaitFor("document.querySelector('#details h2')?.textContent === 'hot_leaf'");
        Assert.Equal(["work"], Names(page, "#details .callers .what"));
        page.Click("#details .longest button"); // leads to the timeline
        page.WaitFor("!document.getElementById('timeline').hidden && [...document.querySelectorAll('#details dt')].some(name => name.textContent === 'Duration')");
        Assert.Contains("200.0 µs", page.Evaluate("document.getElementById('details').textContent")!.GetValue<string>());
        Assert.Equal(["work", "main"], Names(page, "#details .callers .what"));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public void The_timeline_zooms_at_the_pointer_moves_and_tells_of_a_call()
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using Chromium page = Chromium.Open(trace.Address.AbsoluteUri);
        Settle(page);
        (double from, double to) = Window(page);
        Assert.Equal((0, 14_999_000), (from, to));
        (double x, double y) = Canvas(page);
        double at = from + (700 * (to - from) / page.Evaluate("document.getElementById('lanes').clientWidth")!.GetValue<double>());
        for (int i = 0; i < 8; i++) page.Wheel(x + 700, y + 100, -100);
        page.WaitFor($"document.getElementById('lanes').dataset.to - document.getElementById('lanes').dataset.from < {(to - from) / 4}");
        Settle(page);
        (double zoomedFrom, double zoomedTo) = Window(page);
        Assert.InRange(zoomedFrom + (700 * (zoomedTo - zoomedFrom) / page.Evaluate("document.getElementById('lanes').clientWidth")!.GetValue<double>()), at - 2_000, at + 2_000);
        page.Drag(x + 700, y + 100, x + 600, y + 100);
        page.WaitFor($"document.getElementById('lanes').dataset.from > {zoomedFrom.ToString(CultureInfo.InvariantCulture)}");
        page.Press("0");
        Settle(page);
        double scale = page.Evaluate("document.getElementById('lanes').clientWidth")!.GetValue<double>() / to;
        page.ClickAt(x + (350_000 * scale), y + 24 + 22 + 17 + 8); // second row: work
        page.WaitFor("document.querySelector('#details h2')?.textContent === 'work'");
        Assert.Equal(["main"], Names(page, "#details .callers .what"));
        page.Press("Escape");
        page.WaitFor("document.getElementById('details').hidden");
        Settle(page);
        page.ClickAt(x + (12_500_000 * scale), y + 24 + 22 + 8); // no_exits: hatched
        page.WaitFor("[...document.querySelectorAll('#details dt')].some(name => name.textContent === 'At most')");
        Assert.Contains("end not seen", page.Evaluate("document.getElementById('details').textContent")!.GetValue<string>());
        Assert.Contains("42 events were lost", page.Evaluate("document.getElementById('notes').textContent")!.GetValue<string>());
        Assert.Empty(page.Complaints);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_page_is_drawn_in_light_and_dark(bool isDark)
    {
        using ViewedTrace trace = ViewedTrace.Small();
        using Chromium page = Chromium.Open(trace.Address.AbsoluteUri, isDark);
        Settle(page);
        (int colours, double light) = Look(page);
        Assert.True(colours > 30, $"{colours} colours");
        Assert.True(isDark ? light < 0.3 : light > 0.7, $"light {light}");
        // The control: the same measure of a page that has nothing.
        page.Evaluate("document.body.replaceChildren()");
        Assert.InRange(Look(page).Colours, 1, 2);
    }

    static void ShowFlame(Chromium page)
    {
        page.Click("#tab-flame");
        page.WaitFor("[...document.querySelectorAll('.box')].some(box => box.textContent === 'main')");
    }

    static void Settle(Chromium page) => page.WaitFor("document.getElementById('lanes').getAttribute('aria-busy') === 'false'");

    static (double From, double To) Window(Chromium page)
    {
        JsonNode window = page.Evaluate("[+document.getElementById('lanes').dataset.from, +document.getElementById('lanes').dataset.to]")!;
        return (window[0]!.GetValue<double>(), window[1]!.GetValue<double>());
    }

    static (double X, double Y) Canvas(Chromium page)
    {
        JsonNode place = page.Evaluate("(() => { const r = document.getElementById('canvas').getBoundingClientRect(); return [r.x, r.y]; })()")!;
        return (place[0]!.GetValue<double>(), place[1]!.GetValue<double>());
    }

    // How many colours a screenshot has, and how light it is on average. The browser itself decodes it.
    static (int Colours, double Light) Look(Chromium page)
    {
        JsonNode found = page.Evaluate($$"""
            (async () => {
              const image = new Image();
              image.src = 'data:image/png;base64,{{Convert.ToBase64String(page.Screenshot())}}';
              await image.decode();
              const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height }), context = canvas.getContext('2d');
              context.drawImage(image, 0, 0);
              const data = context.getImageData(0, 0, image.width, image.height).data, colours = new Set();
              let light = 0;
              for (let i = 0; i < data.length; i += 4) { colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]); light += data[i] + data[i + 1] + data[i + 2]; }
              return [colours.size, light / data.length * 4 / 765];
            })()
            """)!;
        return (found[0]!.GetValue<int>(), found[1]!.GetValue<double>());
    }

    static string Box(string name) => $".box[aria-label^='{name}\\a ']";

    static double WidthOf(Chromium page, string name) => page.Evaluate($"document.querySelector({JsonValue.Create(Box(name)).ToJsonString()}).getBoundingClientRect().width")!.GetValue<double>();

    static List<string> Names(Chromium page, string selector) =>
        [.. page.Evaluate($"[...document.querySelectorAll({JsonValue.Create(selector).ToJsonString()})].map(found => found.textContent)")!.AsArray().Select(name => name!.GetValue<string>())];

    // Widths by name, added up over the boxes; none of these functions calls itself.
    static Dictionary<string, long> Widths(Chromium page, int? depth = null) =>
        page.Evaluate("[...document.querySelectorAll('.box')].map(box => [box.dataset.tip.split('\\n')[0], +box.dataset.width, +box.dataset.depth])")!.AsArray()
            .Where(box => depth is null || box![2]!.GetValue<int>() == depth)
            .GroupBy(box => box![0]!.GetValue<string>()).ToDictionary(group => group.Key, group => group.Sum(box => box![1]!.GetValue<long>()));

    static Dictionary<string, (long? Total, long? Self)> Report(ViewedTrace trace)
    {
        using CliRun report = CliRun.Run(0, "report", trace.Path, "--json");
        static long? Ns(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value.GetInt64();
        return JsonDocument.Parse(report.Output).RootElement.GetProperty("functions").EnumerateArray()
            .ToDictionary(f => f.GetProperty("name").GetString()!, f => (Ns(f.GetProperty("total_ns")), Ns(f.GetProperty("self_ns"))));
    }
}

using System.Globalization;
using System.Text.Json;
using Calltap.Cli.Output;
using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>Prints a <see cref="CallGraph"/>. A share is of the function's time, or of its calls where no time is known.</summary>
/// <param name="graph">The graph.</param>
/// <param name="catalog">Names.</param>
/// <param name="least">The smallest share shown, from 0 to 1.</param>
sealed class GraphWriter(CallGraph graph, TraceCatalog catalog, double least)
{
    readonly TraceClock _clock = catalog.Clock;

    /// <summary>Two tables: callers, and callees.</summary>
    public void WriteText(Terminal terminal)
    {
        terminal.Out.WriteLine($"# {string.Join(", ", graph.Functions.Select(catalog.NameOf))}: {Texts.Of(graph.Callees.Calls, "call")}{(graph.Callees.Unknown > 0 ? $", {Texts.Count(graph.Callees.Unknown)} of unknown time" : "")}");
        WriteTable(terminal, "called by", graph.Callers, self: false);
        WriteTable(terminal, "calls", graph.Callees, self: true);
    }

    void WriteTable(Terminal terminal, string heading, GraphNode root, bool self)
    {
        var table = new TextTable(">share", ">calls", ">total", heading);
        Add(table, root, root, self);
        terminal.Out.WriteLine();
        table.Write(terminal);
    }

    void Add(TextTable table, GraphNode node, GraphNode root, bool self)
    {
        string indent = new(' ', 2 * node.Depth);
        table.Add(Percent(ShareOf(node, root)), Texts.Count(node.Calls), TimeOf(node), indent + NameOf(node));
        GraphNode[] shown = [.. node.Children.Where(child => ShareOf(child, root) >= least)];
        if (self && shown.Length > 0 && Ratio(node.SelfTicks, root.Ticks) >= least)
            table.Add(Percent(Ratio(node.SelfTicks, root.Ticks)), "", Texts.Time(_clock.ToNs(node.SelfTicks)), $"{indent}  (self)");
        foreach (GraphNode child in shown) Add(table, child, root, self);
    }

    string NameOf(GraphNode node) => node.Depth > 0 ? catalog.NameOf(node.Function) : graph.Functions.Count == 1 ? catalog.NameOf(graph.Functions[0]) : $"{graph.Functions.Count} functions";

    string TimeOf(GraphNode node) => node.Calls == node.Unknown ? "-" : Texts.Time(_clock.ToNs(node.Ticks));

    static double ShareOf(GraphNode node, GraphNode root) => root.Ticks > 0 ? Ratio(node.Ticks, root.Ticks) : Ratio((ulong)node.Calls, (ulong)root.Calls);

    static double Ratio(ulong part, ulong whole) => whole == 0 ? 0 : (double)part / whole;

    static string Percent(double share) => $"{100 * share:0.0} %";

    /// <summary>The whole graph, a line for each way: nothing is left out.</summary>
    public void WriteCsv(TextWriter output)
    {
        output.Write("direction,depth,name,module,calls,unknown,total_ns,self_ns\n");
        WriteCsv(output, "caller", graph.Callers);
        WriteCsv(output, "callee", graph.Callees);
    }

    void WriteCsv(TextWriter output, string direction, GraphNode node)
    {
        string module = node.Depth > 0 ? catalog.ModuleOf(node.Function) : "";
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{direction},{node.Depth},{ReportCsv.Quoted(NameOf(node))},{ReportCsv.Quoted(module)},{node.Calls},{node.Unknown},{_clock.ToNs(node.Ticks)},{_clock.ToNs(node.SelfTicks)}\n"));
        foreach (GraphNode child in node.Children) WriteCsv(output, direction, child);
    }

    /// <summary>The whole graph: nothing is left out.</summary>
    public void WriteJson(Stream output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteStartArray("functions");
            foreach (FunctionId function in graph.Functions) json.WriteStringValue(catalog.NameOf(function));
            json.WriteEndArray();
            Write(json, "callers", graph.Callers);
            Write(json, "callees", graph.Callees);
            json.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }

    void Write(Utf8JsonWriter json, string? name, GraphNode node)
    {
        if (name is null) json.WriteStartObject();
        else json.WriteStartObject(name);
        json.WriteString("function", NameOf(node));
        if (node.Depth > 0) json.WriteString("module", catalog.ModuleOf(node.Function));
        json.WriteNumber("calls", node.Calls);
        json.WriteNumber("unknown", node.Unknown);
        json.WriteNumber("total_ns", _clock.ToNs(node.Ticks));
        json.WriteNumber("self_ns", _clock.ToNs(node.SelfTicks));
        json.WriteStartArray("next");
        foreach (GraphNode child in node.Children) Write(json, null, child);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

using System.Globalization;
using System.Text;
using System.Xml;

namespace Calltap.Trace;

/// <summary>
/// Writes a flame graph as one SVG: a rectangle for each stack, as wide as what it and those above it weigh, the outermost calls at the bottom. A script within
/// it shows names and zooms.
/// </summary>
public sealed class FlameGraphWriter
{
    const int Width = 1200;
    const int Row = 17;
    const int Top = 44;
    const int Bottom = 26;
    const double LeastWidth = 0.1;
    const double LetterWidth = 7;
    const string Svg = "http://www.w3.org/2000/svg";

    readonly XmlWriter _xml;
    readonly StackWeights _weights;
    readonly StackTree _tree;
    readonly long[] _whole;
    readonly double[] _left;
    readonly string _unit;
    readonly int _height;

    FlameGraphWriter(XmlWriter xml, StackTree tree, StackWeights weights, StackWeight weight)
    {
        (_xml, _tree, _weights, _unit) = (xml, tree, weights, weight == StackWeight.Calls ? "calls" : "ns");
        _whole = weights.Own();
        for (int i = _whole.Length - 1; i > 0; i--)
            _whole[tree.Nodes[i].Parent!.Number] += _whole[i];
        _left = new double[_whole.Length];
        _height = Top + Bottom + (Row * (1 + Shown().Select(stack => stack.Depth).Max()));
    }

    /// <summary>Writes it as UTF-8. Stacks narrower than a tenth of a pixel are left out.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public static void Write(StackTree tree, TraceCatalog catalog, StackWeight weight, Stream output)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(catalog);
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), NewLineChars = "\n", CloseOutput = false, CheckCharacters = true };
        using XmlWriter xml = XmlWriter.Create(output, settings);
        new FlameGraphWriter(xml, tree, new StackWeights(tree, catalog, weight), weight).Write(catalog);
    }

    void Write(TraceCatalog catalog)
    {
        _xml.WriteStartElement("svg", Svg);
        Attributes(("version", "1.1"), ("viewBox", $"0 0 {Width} {_height}"), ("width", $"{Width}"), ("height", $"{_height}"));
        _xml.WriteElementString("style", Svg, FlameGraphScript.Style);
        _xml.WriteStartElement("rect", Svg);
        Attributes(("class", "back"), ("width", "100%"), ("height", "100%"));
        _xml.WriteEndElement();
        WriteText("title", 10, 18, Valid(catalog.Session.CommandLine));
        WriteText("about", 10, 36, About());
        WriteText("details", 10, _height - 8, "");
        Place();
        foreach (StackNode stack in Shown())
            WriteStack(stack);
        _xml.WriteStartElement("script", Svg);
        _xml.WriteCData(FlameGraphScript.Script);
        _xml.WriteEndElement();
        _xml.WriteEndElement();
    }

    // Where a stack begins, callers first; those with the same caller by name.
    void Place()
    {
        var next = new double[_left.Length];
        foreach (StackNode stack in _tree.Nodes.Skip(1).OrderBy(stack => stack.Depth).ThenBy(_weights.NameOf, StringComparer.Ordinal))
        {
            int parent = stack.Parent!.Number;
            _left[stack.Number] = next[stack.Number] = next[parent];
            next[parent] += WidthOf(stack);
        }
    }

    IEnumerable<StackNode> Shown() => _tree.Nodes.Where(stack => stack.Parent is null || WidthOf(stack) >= LeastWidth);

    double WidthOf(StackNode stack) => _whole[0] == 0 ? 0 : (double)Width * _whole[stack.Number] / _whole[0];

    void WriteStack(StackNode stack)
    {
        string name = stack.Parent is null ? "all" : Valid(_weights.NameOf(stack));
        double width = stack.Parent is null ? Width : WidthOf(stack);
        int y = _height - Bottom - (Row * (stack.Depth + 1));
        _xml.WriteStartElement("g", Svg);
        _xml.WriteElementString("title", Svg, string.Create(CultureInfo.InvariantCulture,
            $"{name}: {_whole[stack.Number]:N0} {_unit}, {(_whole[0] == 0 ? 0 : 100.0 * _whole[stack.Number] / _whole[0]):0.00} %{(stack.Parent is null ? "" : $", {stack.Calls:N0} calls")}"));
        _xml.WriteStartElement("rect", Svg);
        Attributes(("x", Number(_left[stack.Number])), ("y", $"{y}"), ("width", Number(width)), ("height", $"{Row - 1}"), ("fill", ColourOf(name)));
        _xml.WriteEndElement();
        WriteText(null, _left[stack.Number] + 3, y + Row - 5, Fitting(name, width));
        _xml.WriteEndElement();
    }

    void WriteText(string? id, double x, int y, string text)
    {
        _xml.WriteStartElement("text", Svg);
        if (id is not null)
            Attributes(("id", id));
        Attributes(("x", Number(x)), ("y", $"{y}"));
        _xml.WriteString(text);
        _xml.WriteEndElement();
    }

    void Attributes(params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        foreach ((string name, string value) in attributes)
            _xml.WriteAttributeString(name, value);
    }

    string About()
    {
        string unknown = _tree.UnknownSelf > 0 && _unit == "ns" ? string.Create(CultureInfo.InvariantCulture, $"; {_tree.UnknownSelf:N0} without a known time: not drawn") : "";
        string lost = _tree.Totals.Lost > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {_tree.Totals.Lost:N0} calls lost") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{_tree.Totals.Calls:N0} calls, {_whole[0]:N0} {_unit}{unknown}{lost}");
    }

    static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    static string Fitting(string name, double width)
    {
        int letters = (int)((width - 6) / LetterWidth);
        return letters < 3 ? "" : name.Length <= letters ? name : name[..(letters - 2)] + "..";
    }

    static string ColourOf(string name)
    {
        uint hash = 2166136261;
        foreach (char letter in name)
            hash = (hash ^ letter) * 16777619;
        return $"hsl({hash % 50},{60 + (hash / 50 % 30)}%,{58 + (hash / 1500 % 14)}%)";
    }

    // A name is whatever a symbol table says; not every character may stand in XML.
    static string Valid(string text) => string.Concat(text.EnumerateRunes().Select(rune => rune.Value is >= 0x20 and not (0xFFFE or 0xFFFF) or '\t' ? rune.ToString() : "\uFFFD"));
}

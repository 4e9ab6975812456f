using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Calltap.Cli.Demo;

namespace Calltap.LiveTests.Programs;

/// <summary>Copies the groups of the .in files into translation units, and numbers the functions that count themselves.</summary>
sealed partial class ShapesTemplates
{
    readonly List<string> _functions = [];
    readonly List<string> _roots = [];
    int _groups;
    ulong _constant = 0x9e3779b97f4a7c15;

    /// <summary>The counting functions' names; the index is the function's column in the count matrix.</summary>
    public IReadOnlyList<string> Functions => _functions;

    /// <summary>The functions that the program calls in each round.</summary>
    public IReadOnlyList<string> Roots => _roots;

    /// <summary>Reads one .in file: each section's name and text.</summary>
    public static IReadOnlyList<(string Name, string Text)> Read(string resource)
    {
        var parts = SourceFile.FromResource(typeof(ShapesTemplates), resource).Text.Split("//# ");
        return [.. parts.Skip(1).Select(part => (part[..part.IndexOf('\n')].Split(' ')[0], part[(part.IndexOf('\n') + 1)..]))];
    }

    /// <summary>One translation unit that has a copy of each section. All of it has C linkage, so that no name is mangled.</summary>
    public SourceFile Unit(int number, bool cxx, string flags, IEnumerable<(string Name, string Text)> sections)
    {
        var text = new StringBuilder("#include \"shapes.h\"\nC_LINKAGE_BEGIN\n");
        foreach (var (name, section) in sections)
            text.Append(Group($"u{number:D2}_g{_groups++:D4}_{name}", section, number));
        text.Append("C_LINKAGE_END\n");
        return new SourceFile($"unit{number:D2}.{(cxx ? "cpp" : "c")}", text.ToString(), flags);
    }

    /// <summary>The header that names every function and every root.</summary>
    public SourceFile Table()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"enum {{ SHAPES_FUNCTIONS = {_functions.Count}, SHAPES_ROOTS = {_roots.Count} }};\n");
        foreach (var root in _roots)
            text.Append(CultureInfo.InvariantCulture, $"u64 {root}(u64);\n");
        text.Append(CultureInfo.InvariantCulture, $"static u64 (*const shapes_roots[])(u64) = {{\n{string.Join(",\n", _roots)} }};\n");
        var names = _functions.Select(f => $"\"{f}\"");
        text.Append(CultureInfo.InvariantCulture, $"static const char *const shapes_names[] = {{\n{string.Join(",\n", names)} }};\n");
        return new SourceFile("shapes_table.h", text.ToString());
    }

    string Group(string prefix, string section, int unit)
    {
        _roots.Add(prefix);
        var named = section.Replace("@P", prefix, StringComparison.Ordinal).Replace("@U", $"{unit}", StringComparison.Ordinal);
        var counted = CountOf().Replace(named, match => $"COUNT({Number(match.Groups[1].Value)})");
        return ConstantMark().Replace(counted, _ => $"{NextConstant()}u");
    }

    int Number(string function)
    {
        _functions.Add(function);
        return _functions.Count - 1;
    }

    ulong NextConstant()
    {
        _constant = unchecked(_constant * 6364136223846793005 + 1442695040888963407);
        return (_constant >> 44) | 1;
    }

    [GeneratedRegex(@"COUNT\((u\d+_\w+)\)")]
    private static partial Regex CountOf();

    [GeneratedRegex("@K")]
    private static partial Regex ConstantMark();
}

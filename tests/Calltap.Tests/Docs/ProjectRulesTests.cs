using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Calltap.Tests.Docs;

/// <summary>What docs/architecture.md says of the projects is so: what each references, and where pointers and native calls are.</summary>
public sealed partial class ProjectRulesTests
{
    static readonly string s_source = Path.Combine(ReferencedFilesTests.Root, "src");
    static readonly string s_page = File.ReadAllText(Path.Combine(ReferencedFilesTests.Root, "docs", "architecture.md"));

    public static TheoryData<string, string> Projects =>
        [.. ProjectLine().Matches(s_page).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];

    [Fact]
    public void Every_project_is_on_the_page() =>
        Assert.Equal(Directory.EnumerateDirectories(s_source).Select(Path.GetFileName).Order(), Projects.Select(row => row.Data.Item1).Order());

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_what_the_page_says(string project, string references)
    {
        string[] told = [.. references.Replace("the four above", "Primitives, Symbols, Code, Trace", StringComparison.Ordinal).Split(", ").Where(name => name != "nothing").Order(StringComparer.Ordinal)];
        XElement file = XElement.Load(Path.Combine(s_source, project, $"{project}.csproj"));
        IEnumerable<string> projects = file.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value).Replace("Calltap.", "", StringComparison.Ordinal));
        IEnumerable<string> packages = file.Descendants("PackageReference").Select(reference => reference.Attribute("Include")!.Value).Where(package => !package.EndsWith("Analyzers", StringComparison.Ordinal));
        Assert.Equal(told, projects.Concat(packages).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_engine_is_nowhere_but_in_its_program() =>
        Assert.Equal(["Calltap.Analysis"], Containing("*.cs", "DuckDB.NET").Concat(Containing("*.csproj", "DuckDB.NET")).Select(file => file.Split('/')[0]).Distinct());

    [Fact]
    public void Native_calls_and_pointers_are_where_they_belong()
    {
        string[] native = [.. Containing("*.cs", "[LibraryImport(").Concat(Containing("*.cs", "[DllImport(")), .. Containing("*.cs", " unsafe ")];
        Assert.Contains("Calltap.Analysis/Duck/DuckNative.cs", native);
        Assert.Contains("Calltap/Native/Spawn.cs", native);
        Assert.All(native, file => Assert.True(file.StartsWith("Calltap/", StringComparison.Ordinal) || file.StartsWith("Calltap.Analysis/Duck/", StringComparison.Ordinal), file));
    }

    static IEnumerable<string> Containing(string pattern, string text) =>
        from file in Directory.EnumerateFiles(s_source, pattern, SearchOption.AllDirectories)
        where File.ReadAllText(file).Contains(text, StringComparison.Ordinal)
        select Path.GetRelativePath(s_source, file);

    [GeneratedRegex(@"^src/(Calltap[.\w]*) .* -> (.+)$", RegexOptions.Multiline)]
    private static partial Regex ProjectLine();
}

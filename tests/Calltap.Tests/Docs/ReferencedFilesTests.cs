using System.Text.RegularExpressions;
using Xunit;

namespace Calltap.Tests.Docs;

/// <summary>Documents name source files, tests and invariants; what they name exists.</summary>
public sealed partial class ReferencedFilesTests
{
    static readonly string s_root = FindRoot();

    /// <summary>The folder of the solution.</summary>
    public static string Root => s_root;

    public static TheoryData<string> Documents =>
        [.. Directory.EnumerateFiles(s_root, "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(s_root, file))
            .Where(file => !file.StartsWith("artifacts", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_file_named_in_a_document_exists(string document)
    {
        string text = File.ReadAllText(Path.Combine(s_root, document));
        string[] missing = [.. SourcePath().Matches(text).Select(match => match.Value.TrimEnd('/', '.')).Distinct()
            .Where(path => !File.Exists(Path.Combine(s_root, path)) && !Directory.Exists(Path.Combine(s_root, path)))];
        Assert.True(missing.Length == 0, $"{document} names {string.Join(", ", missing)}");
    }

    [Fact]
    public void Every_invariant_cited_in_the_code_is_in_the_protocol()
    {
        string protocol = File.ReadAllText(Path.Combine(s_root, "docs", "patching-protocol.md"));
        IEnumerable<string> cited = Directory.EnumerateFiles(Path.Combine(s_root, "src", "Calltap", "Patching"), "*.cs")
            .SelectMany(file => Invariant().Matches(File.ReadAllText(file)).Select(match => match.Value)).Distinct();
        Assert.NotEmpty(cited);
        Assert.All(cited, invariant => Assert.Contains($"**{invariant} ", protocol));
    }

    [Fact]
    public void Every_file_that_places_bytes_is_in_the_list_of_places()
    {
        string list = File.ReadAllText(Path.Combine(s_root, "docs", "where-bytes-are-written.md"));
        string source = Path.Combine(s_root, "src", "Calltap");
        string[] missing = [.. Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(file => WriterCall().IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(s_root, file))
            .Where(file => !list.Contains(file, StringComparison.Ordinal))];
        Assert.Empty(missing);
    }

    static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Calltap.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    [GeneratedRegex(@"(?<![\w/])(src|tests|bench|docs)/[\w./-]*\w")]
    private static partial Regex SourcePath();

    [GeneratedRegex(@"\bI\d+\b")]
    private static partial Regex Invariant();

    [GeneratedRegex(@"[wW]riter\.(Place|Write|WritePage)\(")]
    private static partial Regex WriterCall();
}

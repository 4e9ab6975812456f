using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;
using Calltap.Code;
using Calltap.Modules;
using Calltap.Tests.Symbols;
using Xunit;

namespace Calltap.Tests.Modules;

/// <summary>An analysis that was kept is used only where a new one would say the same.</summary>
public sealed class AnalysisCacheTests : IDisposable
{
    private const string Source = """
        int first(int x) { return x * 3 + 1; }
        int second(int x) { return x > 4 ? first(x) : first(x + 1) * 2; }
        int third(int x) { switch (x) { case 0: return 5; case 1: return second(9); case 2: return 11; case 3: return -2; case 4: return 17; } return x; }
        int main(int argc, char **argv) { return third(argc) + second(argc); }
        """;

    private readonly Sample _sample = new();
    private readonly string _folder;
    private readonly string _program;

    public AnalysisCacheTests()
    {
        _folder = _sample.FilePath("cache");
        _program = _sample.Compile(Source, "c", "-O1", "-g");
    }

    public void Dispose() => _sample.Dispose();

    [Fact]
    public void What_was_kept_is_what_an_analysis_says()
    {
        foreach (string path in new[] { _program, LibraryOfC() })
        {
            string fresh = Dump(FunctionCatalog.LoadFile(path));
            string kept = Dump(FunctionCatalog.LoadFile(path, Cache()));
            Assert.Equal(fresh, kept);
            Assert.Equal(fresh, Dump(FunctionCatalog.LoadFile(path, Cache())));
        }
        Assert.Equal(2, Entries().Length);
    }

    [Fact]
    public void What_was_kept_is_read_at_all()
    {
        FunctionCatalog.LoadFile(_program, Cache());
        Replace("third", "THIRD");
        Assert.Contains(FunctionCatalog.LoadFile(_program, Cache()).Functions, f => f.Name == "THIRD");
    }

    [Fact]
    public void A_file_that_changed_is_analysed_again()
    {
        FunctionCatalog.LoadFile(_program, Cache());
        _sample.Compile(Source.Replace("third", "fourth", StringComparison.Ordinal), "c", "-O1", "-g");
        Assert.Contains(FunctionCatalog.LoadFile(_program, Cache()).Functions, f => f.Name == "fourth");
    }

    [Fact]
    public void A_program_of_Go_is_kept_as_it_is()
    {
        string source = _sample.FilePath("main.go"), program = _sample.FilePath("gopher");
        File.WriteAllText(source, "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(1) }\n");
        Tool.Run("go", "build", "-o", program, source);
        FunctionCatalog made = FunctionCatalog.LoadFile(program, Cache());
        Assert.Contains(made.Functions, f => f.Plan is { IsGo: true, Entry.CountsNotTaken: true });
        Assert.Contains(made.Functions, f => f.Plan is { IsGo: true, Entry.CountsNotTaken: false });
        Assert.Equal(Dump(made), Dump(FunctionCatalog.LoadFile(program, Cache())));
    }

    [Fact]
    public void Traits_of_the_process_are_told_apart()
    {
        CacheKey[] keys =
        [
            CacheKey.Of(default, "/a", new TargetTraits(false, false), true), CacheKey.Of(default, "/a", new TargetTraits(true, false), true),
            CacheKey.Of(default, "/a", new TargetTraits(false, true), true), CacheKey.Of(default, "/a", new TargetTraits(false, false), false),
            CacheKey.Of(default, "/b", new TargetTraits(false, false), true), CacheKey.Of(new ContentHash(0, 1), "/a", new TargetTraits(false, false), true),
            CacheKey.Of(new ContentHash(1, 0), "/a", new TargetTraits(false, false), true),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void Names_are_looked_for_again_when_a_debug_file_comes_and_goes()
    {
        string debug = _sample.FilePath("sample.debug");
        Tool.Run("objcopy", "--only-keep-debug", _program, debug);
        Tool.Run("objcopy", "--strip-all", $"--add-gnu-debuglink={debug}", _program);
        File.Move(debug, debug + ".away");
        Assert.DoesNotContain(FunctionCatalog.LoadFile(_program, Cache()).Functions, f => f.Name == "third");
        File.Move(debug + ".away", debug);
        Assert.Contains(FunctionCatalog.LoadFile(_program, Cache()).Functions, f => f.Name == "third");
        Assert.Contains(FunctionCatalog.LoadFile(_program, Cache()).Functions, f => f.Name == "third");
        File.Delete(debug);
        Assert.DoesNotContain(FunctionCatalog.LoadFile(_program, Cache()).Functions, f => f.Name == "third");
    }

    [Fact]
    public void A_damaged_entry_is_not_used()
    {
        string right = Dump(FunctionCatalog.LoadFile(_program, Cache()));
        string entry = Assert.Single(Entries());
        byte[] whole = File.ReadAllBytes(entry);
        var random = new Random(1);
        for (int i = 0; i < 100; i++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(whole.Length)] ^= (byte)random.Next(1, 256);
            File.WriteAllBytes(entry, i % 10 == 9 ? damaged[..random.Next(whole.Length)] : damaged);
            Assert.Equal(right, Dump(FunctionCatalog.LoadFile(_program, Cache())));
        }
    }

    [Fact]
    public void An_entry_that_makes_no_sense_but_has_its_right_hash_is_read_without_harm()
    {
        FunctionCatalog.LoadFile(_program, Cache());
        byte[] whole = File.ReadAllBytes(Assert.Single(Entries()));
        var key = new CacheKey(BinaryPrimitives.ReadUInt128LittleEndian(whole.AsSpan(8)));
        Assert.NotNull(CacheEntry.Read(whole, key));
        var random = new Random(2);
        int refused = 0;
        for (int i = 0; i < 5_000; i++)
        {
            byte[] changed = [.. whole];
            for (int n = random.Next(1, 5); n > 0; n--) changed[random.Next(40, whole.Length)] = (byte)random.Next(256);
            Sign(changed);
            if (CacheEntry.Read(changed, key) is null) refused++;
        }
        Assert.InRange(refused, 250, 4_999);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_others_may_write_to_is_not_trusted(bool folder)
    {
        FunctionCatalog.LoadFile(_program, Cache());
        string entry = Replace("third", "THIRD");
        string open = folder ? _folder : entry;
        File.SetUnixFileMode(open, File.GetUnixFileMode(open) | UnixFileMode.GroupWrite);
        Assert.Contains(FunctionCatalog.LoadFile(_program, Cache()).Functions, f => f.Name == "third");
    }

    [Fact]
    public void What_was_used_longest_ago_goes_first()
    {
        FunctionCatalog.LoadFile(_program, Cache());
        string first = Assert.Single(Entries());
        File.SetLastWriteTimeUtc(first, DateTime.UtcNow.AddDays(-2));
        long size = new FileInfo(first).Length;
        string other = _sample.FilePath("other");
        File.Copy(_program, other);
        FunctionCatalog.LoadFile(other, AnalysisCache.In(_folder, size + size / 2));
        Assert.NotEqual(first, Assert.Single(Entries()));
        FunctionCatalog.LoadFile(_program, AnalysisCache.In(_folder, size / 2));
        Assert.DoesNotContain(first, Entries());
    }

    [Fact]
    public void A_folder_that_cannot_be_made_costs_nothing_but_time()
    {
        string file = _sample.FilePath("file");
        File.WriteAllText(file, "");
        string right = Dump(FunctionCatalog.LoadFile(_program));
        Assert.Equal(right, Dump(FunctionCatalog.LoadFile(_program, AnalysisCache.In(Path.Combine(file, "cache")))));
    }

    private AnalysisCache Cache() => AnalysisCache.In(_folder);

    private string[] Entries() => Directory.GetFiles(_folder);

    // Changes a name in the one entry, and makes its hash right again.
    private string Replace(string name, string other)
    {
        string entry = Assert.Single(Entries());
        byte[] bytes = File.ReadAllBytes(entry);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(name));
        Assert.True(at > 0);
        Encoding.UTF8.GetBytes(other).CopyTo(bytes.AsSpan(at));
        Sign(bytes);
        File.WriteAllBytes(entry, bytes);
        return entry;
    }

    private static void Sign(byte[] entry) =>
        BinaryPrimitives.WriteUInt128LittleEndian(entry.AsSpan(24), XxHash128.HashToUInt128(entry.AsSpan(40)));

    private static string LibraryOfC()
    {
        string path = "/usr/lib/x86_64-linux-gnu/libc.so.6";
        return File.Exists(path) ? path : Environment.ProcessPath!;
    }

    private static string Dump(FunctionCatalog catalog)
    {
        var text = new StringBuilder();
        foreach (TargetFunction function in catalog.Functions)
        {
            text.AppendLine($"{function.Name} {string.Join(',', function.Names.Symbols)} {function.Symbol} {string.Join(',', function.Symbol.Fragments)} {function.Plan}");
            foreach (SitePlan site in function.Plan.Exits.Prepend(function.Plan.Entry).OfType<SitePlan>())
                text.AppendLine($"  {site} {Convert.ToHexString(site.Original.ToArray(site.Length))}");
            text.AppendLine($"  {string.Join(',', function.Plan.RefusedExits)}");
        }
        foreach (var excluded in catalog.Excluded) text.AppendLine($"{excluded}");
        foreach (TargetModule module in catalog.Modules)
            text.AppendLine($"{module.Contents.BuildId} {module.Contents.NamesHint} {string.Join(',', module.Contents.LoadSegments)}");
        // Lists print as their type: their elements are above.
        return Regex.Replace(text.ToString(), @"System\.Collections\.Generic\.List`1\[[^]]*\]|[\w.]+\[\]|<>z__\w+`1\[[^]]*\]", "[]");
    }
}

using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Symbols in .gnu_debugdata, made by the steps of Fedora's find-debuginfo.sh (add_minidebug); nm of the whole program is the oracle.</summary>
public sealed class MiniDebugInfoTests : IDisposable
{
    private const string Section = ".gnu_debugdata";
    private readonly Sample _sample = new();

    public void Dispose() => _sample.Dispose();

    [Theory]
    [InlineData("-6")]
    [InlineData("-9")]
    [InlineData("--check=none")]
    [InlineData("--check=sha256")]
    [InlineData("--block-size=512")]
    public void Every_function_of_the_whole_program_has_its_name(string option)
    {
        var (path, full, _) = Make(option);
        var module = Sample.ReadAlone(path);
        Assert.True(module.HasSymtab, module.NamesHint);
        Assert.Null(module.NamesHint);
        Assert.Contains(module.Functions, f => f.Source == FunctionSource.MiniDebugInfo);
        var found = module.Functions.Where(f => f.Name is not null).Select(f => (f.Address, f.Name)).ToHashSet();
        var expected = Sample.ReadAlone(full).Functions.Where(f => f.Source == FunctionSource.Symtab).Select(f => (f.Address, f.Name)).ToHashSet();
        // IFUNC symbols (nm: i) are not among those that the packages keep: a resolver of the program's own is then a function like others.
        Assert.Equal(expected.OrderBy(f => f.Address), found.Where(f => f.Name != "resolve_picked").OrderBy(f => f.Address));
        var text = Tool.Run("nm", full).Split('\n').Select(l => l.Split(' ')).Where(l => l is [_, "T" or "t", _]).Select(l => l[2]).ToHashSet();
        Assert.All(found, f => Assert.Contains(f.Name!, text));
        Assert.Contains("has_cold", found.Select(f => f.Name));
    }

    [Fact]
    public void What_is_too_large_is_told_by_its_headers_and_not_decompressed()
    {
        var (path, _, _) = Make("-6");
        var module = ModuleSymbolReader.Read(File.ReadAllBytes(path), path, _ => null, new() { UncompressedBytes = 1000 });
        Assert.False(module.HasSymtab);
        Assert.Contains("at most 1000 uncompressed bytes", module.NamesHint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dictionary_beyond_reason_is_not_allocated()
    {
        var (path, _, stream) = Make("-6");
        var changed = File.ReadAllBytes(path);
        int at = changed.AsSpan().IndexOf(stream.AsSpan(0, 24));
        int property = at + 12 + 4; // stream header, then size, flags, filter, size of its properties
        Assert.Equal(0x21, changed[property - 2]);
        changed[property] = 40; // 4 GiB
        var module = ModuleSymbolReader.Read(changed, path, _ => null);
        Assert.Contains("dictionary", module.NamesHint, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_anywhere_is_told_and_the_file_still_read()
    {
        var (path, _, stream) = Make("-6");
        var image = File.ReadAllBytes(path);
        int at = image.AsSpan().IndexOf(stream.AsSpan(0, 24)), told = 0;
        var random = new Random(1);
        for (int i = 0; i < 300; i++)
        {
            var changed = (byte[])image.Clone();
            changed[at + (i < 100 ? i : random.Next(stream.Length))] ^= (byte)(1 << random.Next(8));
            var module = ModuleSymbolReader.Read(changed, path, _ => null);
            Assert.NotEmpty(module.Functions);
            told += module.HasSymtab ? 0 : 1;
        }

        Assert.True(told > 100, $"only {told} of 300 changes were noticed");
    }

    private (string Path, string Full, byte[] Stream) Make(string option)
    {
        string path = _sample.Compile(SampleSources.Shapes, "cc", "-O2", "-fno-ipa-cp"), full = _sample.FilePath("full"), mini = _sample.FilePath("mini");
        File.Copy(path, full, overwrite: true);
        var exported = Names(Tool.Run("nm", "-D", path, "--format=posix", "--defined-only"), "").ToHashSet();
        string keep = _sample.FilePath("keep");
        File.WriteAllLines(keep, Names(Tool.Run("nm", path, "--format=posix", "--defined-only"), "TtD").Where(n => !exported.Contains(n)));
        Tool.Run("objcopy", "-S", "--remove-section", ".gdb_index", "--remove-section", ".comment", $"--keep-symbols={keep}", path, mini);
        Tool.Run("xz", option, "--force", mini);
        Tool.Run("strip", path);
        Tool.Run("objcopy", "--add-section", $"{Section}={mini}.xz", path);
        return (path, full, File.ReadAllBytes($"{mini}.xz"));
    }

    private static IEnumerable<string> Names(string list, string kinds) => list.Split('\n').Select(line => line.Split(' '))
        .Where(line => line.Length > 1 && (kinds.Length == 0 || kinds.Contains(line[1], StringComparison.Ordinal))).Select(line => line[0]);
}

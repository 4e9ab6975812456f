using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Names that are missing, elsewhere, or in a file that only claims to be the right one.</summary>
public sealed class StrippedImageTests
{
    [Fact]
    public void Unwind_data_give_the_functions_of_a_stripped_program()
    {
        using var sample = new Sample();
        var path = sample.Compile(SampleSources.Shapes, "cc", "-O2", "-fno-ipa-cp");
        var full = Sample.ReadAlone(path);
        Tool.Run("strip", path);
        var stripped = Sample.ReadAlone(path);
        Assert.False(stripped.HasSymtab);
        Assert.Contains(stripped.BuildId!, stripped.NamesHint!, StringComparison.Ordinal);
        AssertSameCode(full, stripped);
    }

    [Fact]
    public void Without_section_headers_the_segments_do()
    {
        using var sample = new Sample();
        var path = sample.Compile(SampleSources.Shapes, "cc", "-O2", "-fno-ipa-cp");
        var full = Sample.ReadAlone(path);
        var image = File.ReadAllBytes(path);
        image.AsSpan(40, 8).Clear(); // e_shoff
        image.AsSpan(60, 4).Clear(); // e_shnum, e_shstrndx
        var bare = ModuleSymbolReader.Read(image, path, _ => null);
        Assert.Equal(full.BuildId, bare.BuildId);
        Assert.NotEmpty(full.CodePointers);
        Assert.Subset(bare.CodePointers.ToHashSet(), full.CodePointers.ToHashSet());
        AssertSameCode(full, bare);
    }

    [Fact]
    public void A_debug_file_beside_the_program_gives_the_names()
    {
        using var sample = new Sample();
        var (path, debug) = Separate(sample);
        var module = Sample.Read(path);
        Assert.True(module.HasSymtab);
        Assert.Equal(FunctionSource.DebugFile, Assert.Single(module.Functions, f => f.Name == "has_cold").Source);
        Assert.Single(Assert.Single(module.Functions, f => f.Name == "has_cold").Fragments);
        Directory.CreateDirectory(sample.FilePath(".debug"));
        File.Move(debug, sample.FilePath(".debug/sample.debug"));
        Assert.True(Sample.Read(path).HasSymtab);
    }

    [Fact]
    public void The_debug_file_of_the_build_id_comes_first()
    {
        using var sample = new Sample();
        var (path, debug) = Separate(sample);
        var asked = new List<string>();
        var module = ModuleSymbolReader.Read(File.ReadAllBytes(path), path, name =>
        {
            asked.Add(name);
            return name.Contains("/.build-id/", StringComparison.Ordinal) ? Sample.Open(debug) : null;
        });
        Assert.True(module.HasSymtab);
        Assert.Equal($"/usr/lib/debug/.build-id/{module.BuildId![..2]}/{module.BuildId[2..]}.debug", Assert.Single(asked));
    }

    [Fact]
    public void A_debug_file_with_another_crc_or_build_id_is_not_used()
    {
        using var sample = new Sample();
        var (path, debug) = Separate(sample);
        var changed = File.ReadAllBytes(debug);
        changed[^1] ^= 1;
        File.WriteAllBytes(debug, changed);
        Assert.Contains("CRC", Sample.Read(path).NamesHint!, StringComparison.Ordinal);

        var text = Sample.ReadAlone(path).BuildId!;
        var id = Convert.FromHexString(text);
        changed[changed.AsSpan().IndexOf(id)] ^= 1;
        File.WriteAllBytes(debug, changed);
        Assert.Contains("build-id", Sample.Read(path).NamesHint!.Split(';')[^1], StringComparison.Ordinal);
    }

    private static (string Path, string Debug) Separate(Sample sample)
    {
        var path = sample.Compile(SampleSources.Shapes, "cc", "-O2", "-fno-ipa-cp");
        var debug = sample.FilePath("sample.debug");
        Tool.Run("objcopy", "--only-keep-debug", path, debug);
        Tool.Run("strip", path);
        Tool.Run("objcopy", $"--add-gnu-debuglink={debug}", path);
        return (path, debug);
    }

    // _init and _fini come without unwind data, so do the crt's local functions.
    private static void AssertSameCode(ModuleSymbols full, ModuleSymbols found)
    {
        var starts = found.Functions.Select(f => (f.Address, f.Size)).ToHashSet();
        foreach (var name in new[] { "may_throw", "catches", "has_cold", "real_name", "main" })
        {
            var function = full.Functions.Single(f => f.Name == name);
            Assert.Contains((function.Address, function.Size), starts);
        }

        // The cold part of may_throw starts with no frame set up, so nothing in the file tells it from a function.
        foreach (var part in full.Functions.Single(f => f.Name == "has_cold").Fragments)
            Assert.Contains(part, found.UnownedFragments);

        Assert.All(found.Functions, f => Assert.DoesNotContain(full.PltRanges, r => r.Contains(f.Address)));
        Assert.Equal(full.LandingPads, found.LandingPads);
    }
}

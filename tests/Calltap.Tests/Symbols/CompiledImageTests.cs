using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>The same small program linked in every way a target may be.</summary>
public sealed class CompiledImageTests
{
    private static readonly string[] s_optimised = ["-O2", "-fno-ipa-cp"];

    [Theory]
    [InlineData("-pie -fPIE", true)]
    [InlineData("-no-pie -fno-pie", false)]
    [InlineData("-static -no-pie -fno-pie", false)]
    [InlineData("-static-pie -fPIE", true)]
    [InlineData("-pie -fPIE -fcf-protection", true)]
    public void Finds_its_functions(string options, bool positionIndependent)
    {
        using var sample = new Sample();
        var path = sample.Compile(SampleSources.Shapes, "cc", [.. s_optimised, .. options.Split(' ')]);
        var module = Sample.Read(path);
        Assert.Equal(positionIndependent, module.IsPositionIndependent);
        Assert.Equal(!options.Contains("static", StringComparison.Ordinal), module.HasInterpreter);
        Assert.True(module.HasSymtab);
        Assert.Null(module.NamesHint);
        foreach (var name in new[] { "may_throw", "catches", "has_cold", "main", "real_name" })
            Assert.Equal(FunctionSource.Symtab, Function(module, name).Source);
    }

    [Theory]
    [InlineData("long f(void) { return 1; }", false)]
    [InlineData("long f(void) { return 1; } __asm__(\".text\\n.quad f\\n\");", true)]
    public void Relocations_of_code_are_announced(string source, bool relocated)
    {
        using var sample = new Sample();
        string[] options = ["-shared", "-fPIC", "-Wl,-z,notext"];
        Assert.Equal(relocated, Sample.Read(sample.Compile(source, "c", options)).HasTextRelocations);
    }

    [Fact]
    public void Aliases_are_merged_under_the_plainest_exported_name()
    {
        using var sample = new Sample();
        var module = Sample.Read(sample.Compile(SampleSources.Shapes, "cc", s_optimised));
        Assert.Equal(["other_name", "__real_name"], Function(module, "real_name").Aliases);
        Assert.DoesNotContain(module.Functions, f => f.Name == "other_name");
    }

    [Fact]
    public void An_ifunc_resolver_is_kept_out_and_its_implementation_is_not()
    {
        using var sample = new Sample();
        var module = Sample.Read(sample.Compile(SampleSources.Shapes, "cc", s_optimised));
        Assert.Equal(ExclusionReasons.IfuncResolver, Assert.Single(module.Excluded, e => e.Name == "picked").Reason);
        Assert.DoesNotContain(module.Functions, f => f.Name is "picked" or "resolve_picked");
        Function(module, "pick_this");
    }

    [Fact]
    public void A_cold_part_belongs_to_its_function()
    {
        using var sample = new Sample();
        var path = sample.Compile(SampleSources.Shapes, "cc", s_optimised);
        var module = Sample.Read(path);
        var line = Tool.Run("nm", "-S", path).Split('\n').Single(l => l.EndsWith(" has_cold.cold", StringComparison.Ordinal)).Split(' ');
        var part = Assert.Single(Function(module, "has_cold").Fragments);
        Assert.Equal(Convert.ToUInt64(line[0], 16), part.Start.Value);
        Assert.Equal(Convert.ToInt64(line[1], 16), part.Size.Value);
        Assert.DoesNotContain(module.Functions, f => f.Address == part.Start);
        Assert.Contains(part.Start, module.OtherCodeLabels);
    }

    [Fact]
    public void Cold_parts_of_local_functions_with_one_name_go_by_source_file()
    {
        using var sample = new Sample();
        string[] objects = [Object(sample, "first"), Object(sample, "second"), Object(sample, "third")];
        var path = sample.Compile("int first(int); int second(int); int third(int); int main(int c) { return first(c) + second(c) + third(c); }", "c", objects);
        var twins = Sample.Read(path).Functions.Where(f => f.Name == "twin").ToList();
        Assert.Equal(3, twins.Count);
        // The linker keeps the order of the objects in .text and in .text.unlikely.
        var parts = twins.Select(f => Assert.Single(f.Fragments).Start).ToList();
        Assert.Equal(parts.Order(), parts);
        Assert.Equal(3, parts.Distinct().Count());
    }

    [Fact]
    public void Landing_pads_are_where_the_catch_begins()
    {
        using var sample = new Sample();
        var module = Sample.Read(sample.Compile(SampleSources.Shapes, "cc", [.. s_optimised, "-fcf-protection=none"]));
        var catches = Function(module, "catches");
        var ranges = catches.Fragments.Append(catches.Range).ToList();
        var pad = Assert.Single(module.LandingPads, p => ranges.Any(r => r.Contains(p)));
        // mov rdi, rax: the exception, as __cxa_begin_catch takes it
        Assert.Equal<byte>([0x48, 0x89, 0xC7], module.BytesFrom(pad)[..3].ToArray());
    }

    [Fact]
    public void Patchable_entries_are_listed()
    {
        using var sample = new Sample();
        var module = Sample.Read(sample.Compile(SampleSources.Shapes, "cc", [.. s_optimised, "-fpatchable-function-entry=5", "-pie", "-fPIE"]));
        Assert.Contains(Function(module, "catches").Address, module.PatchableEntries);
        Assert.Contains(Function(module, "real_name").Address, module.PatchableEntries);
        Assert.Equal<byte>([0x90, 0x90, 0x90, 0x90, 0x90], module.BytesFrom(Function(module, "real_name").Address)[..5].ToArray());
    }

    [Theory]
    [InlineData("-pie -fPIE")]
    [InlineData("-no-pie -fno-pie")]
    [InlineData("-pie -fPIE -Wl,-z,pack-relative-relocs")]
    public void Tables_of_functions_and_labels_are_code_pointers(string options)
    {
        using var sample = new Sample();
        var module = Sample.Read(sample.Compile(SampleSources.Tables, "c", ["-O2", .. options.Split(' ')]));
        Assert.Contains(Function(module, "callee").Address, module.CodePointers);
        var dispatch = Function(module, "dispatch");
        Assert.Equal(3, module.CodePointers.Count(p => dispatch.Range.Contains(p) && p != dispatch.Address));
        Assert.Equal(module.CodePointers.Distinct().Order(), module.CodePointers);
    }

    [Fact]
    public void Bytes_are_read_by_address_but_not_past_what_the_file_holds()
    {
        using var sample = new Sample();
        var module = Sample.Read(sample.Compile(SampleSources.Shapes, "cc", s_optimised));
        var last = module.LoadSegments[^1];
        Span<byte> one = stackalloc byte[1];
        Assert.True(module.TryRead(last.Address + (last.FileSize.Value - 1), one));
        Assert.False(module.TryRead(last.Address + last.FileSize.Value, one));
        Assert.False(module.TryRead(last.Address + (last.FileSize.Value - 1), stackalloc byte[2]));
        Assert.False(module.TryRead(new(ulong.MaxValue), one));
    }

    private static ImageFunction Function(ModuleSymbols module, string name) => Assert.Single(module.Functions, f => f.Name == name);

    private static string Object(Sample sample, string entry)
    {
        var source = sample.FilePath($"{entry}.c");
        File.WriteAllText(source, SampleSources.LocalTwins);
        Tool.Run("gcc", "-O2", "-c", $"-DENTRY={entry}", "-o", $"{source}.o", source);
        return $"{source}.o";
    }
}

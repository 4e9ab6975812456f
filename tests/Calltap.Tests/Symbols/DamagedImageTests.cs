using System.Diagnostics;
using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Files cut off, changed or of another kind give one kind of exception, soon.</summary>
public sealed class DamagedImageTests
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_damage_never_gives_anything_but_a_format_error(bool stripped)
    {
        using var sample = new Sample();
        var path = sample.Compile(SampleSources.Shapes, "cc", "-O2", "-fpatchable-function-entry=5");
        if (stripped)
            Tool.Run("strip", path);
        var image = File.ReadAllBytes(path);
        var random = new Random(20250101);
        var (read, refused) = (0, 0);
        for (var round = 0; round < 3000; round++)
        {
            if (TryRead(Damage(image, random), $"round {round}"))
                read++;
            else
                refused++;
        }

        Assert.True(read > 100 && refused > 100, $"{read} read, {refused} refused: the damage is too mild or too rough");
    }

    [Fact]
    public void Every_cut_of_the_headers_is_refused()
    {
        using var sample = new Sample();
        var image = File.ReadAllBytes(sample.Compile(SampleSources.Shapes, "cc", "-O2"));
        for (var length = 0; length < 1024; length++)
            Assert.False(TryRead(image.AsMemory(0, length), $"{length} bytes"));
    }

    [Theory]
    [InlineData(4, 1, "64-bit")]
    [InlineData(5, 2, "little-endian")]
    [InlineData(18, 183, "x86-64")]
    [InlineData(16, 1, "executable or a shared object")]
    [InlineData(1, 0, "ELF header")]
    public void Files_of_another_kind_are_named(int offset, byte value, string expectation)
    {
        using var sample = new Sample();
        var path = sample.Compile(SampleSources.Assembly, "s");
        var image = File.ReadAllBytes(path);
        image[offset] = value;
        var fault = Assert.Throws<ElfFormatException>(() => ModuleSymbolReader.Read(image, path, _ => null));
        Assert.Equal(path, fault.File);
        Assert.Contains(expectation, fault.Expectation, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_bound_is_enforced()
    {
        using var sample = new Sample();
        var path = sample.Compile(SampleSources.Shapes, "cc", "-O2", "-fpatchable-function-entry=5");
        var image = File.ReadAllBytes(path);
        var none = ElfLimits.Default;
        ElfLimits[] tight =
        [
            none with { Segments = 2 }, none with { Sections = 3 }, none with { Symbols = 4 }, none with { NameBytes = 2 }, none with { TotalNameBytes = 30 },
            none with { Fdes = 3 }, none with { Cies = 1 }, none with { CieInstructionBytes = 1 }, none with { CallSites = 1 }, none with { Relocations = 1 },
        ];
        ModuleSymbolReader.Read(image, path, _ => null, none);
        foreach (var limits in tight)
            Assert.Throws<ElfFormatException>(() => ModuleSymbolReader.Read(image, path, _ => null, limits));
    }

    private static ReadOnlyMemory<byte> Damage(byte[] image, Random random)
    {
        var copy = image.ToArray();
        var length = random.Next(4) == 0 ? random.Next(copy.Length) : copy.Length;
        for (var count = random.Next(1, 40); count > 0; count--)
        {
            // Headers and tables are small beside the code: half of the damage is aimed at the first bytes of 64-byte blocks or the headers.
            var at = random.Next(4) == 0 ? random.Next(Math.Min(copy.Length, 1024)) : random.Next(copy.Length);
            if (at > 20)
                copy[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => 0xFF, _ => (byte)(copy[at] ^ (1 << random.Next(8))) };
        }

        return copy.AsMemory(0, length);
    }

    private static bool TryRead(ReadOnlyMemory<byte> image, string what)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            ModuleSymbolReader.Read(image, "damaged", _ => null);
            return true;
        }
        catch (ElfFormatException fault)
        {
            Assert.Equal("damaged", fault.File);
            return false;
        }
        finally
        {
            Assert.True(clock.Elapsed < s_longest, $"{what} took {clock.Elapsed}");
        }
    }
}

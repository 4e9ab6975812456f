using System.Buffers.Binary;
using System.Diagnostics;
using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Assemblies of the runtime that the tests run in.</summary>
public sealed class ReadyToRunTests
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);
    private static readonly string s_coreLib = typeof(object).Assembly.Location;
    private static readonly string s_small = Path.Combine(Path.GetDirectoryName(s_coreLib)!, "System.Collections.Concurrent.dll");

    [Fact]
    public void Methods_of_the_core_library_have_addresses_sizes_and_names()
    {
        ReadyToRunModule module = ReadyToRunReader.Read(File.ReadAllBytes(s_coreLib), s_coreLib);
        Assert.True(module.Methods.Count > 40_000, $"{module.Methods.Count} methods");
        Assert.All(module.Methods, method => Assert.DoesNotContain('?', method.Name!));
        Assert.Contains(module.Methods, method => method.Name == "System.Collections.Generic.List<T0>.Add(T0)" && method.Aliases[0] == "System.Collections.Generic.List.Add");
        foreach (string name in (string[])
            ["System.String.Concat(string,string)", "System.IO.Stream.CopyTo(System.IO.Stream,int)", "System.Collections.Hashtable.Clear()", "System.Version..ctor(int,int)"])
            Assert.Single(module.Methods, method => method.Name == name);
    }

    [Fact]
    public void Methods_never_overlap_and_lie_in_code()
    {
        ReadyToRunModule module = ReadyToRunReader.Read(File.ReadAllBytes(s_coreLib), s_coreLib);
        for (int i = 0; i < module.Methods.Count; i++)
        {
            ReadyToRunMethod method = module.Methods[i];
            Assert.True(method.Size.Value > 0 && method.Size.Value <= method.Room.Value, $"{method}");
            Assert.True(module.BytesFrom(method.Address).Length >= method.Room.Value, $"{method}");
            if (i > 0) Assert.True(module.Methods[i - 1].Address + module.Methods[i - 1].Room.Value <= method.Address, $"{method}");
        }
    }

    [Fact]
    public void Padding_is_what_is_behind_a_method()
    {
        ReadyToRunModule module = ReadyToRunReader.Read(File.ReadAllBytes(s_coreLib), s_coreLib);
        foreach (ReadyToRunMethod method in module.Methods)
            foreach (byte padding in module.BytesFrom(method.Address)[(int)method.Size.Value..(int)method.Room.Value].Span)
                Assert.True(padding is 0xCC or 0x90 or 0, $"{padding:x2} behind {method}");
    }

    [Fact]
    public void An_assembly_without_such_code_is_refused()
    {
        string path = typeof(ReadyToRunTests).Assembly.Location;
        var fault = Assert.Throws<ElfFormatException>(() => ReadyToRunReader.Read(File.ReadAllBytes(path), path));
        Assert.Contains("ReadyToRun", fault.Expectation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_of_a_composite_image_is_refused()
    {
        byte[] image = File.ReadAllBytes(s_small);
        int header = image.AsSpan().IndexOf("RTR\0"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(header + 8), BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(header + 8)) | 0x20);
        var fault = Assert.Throws<ElfFormatException>(() => ReadyToRunReader.Read(image, s_small));
        Assert.Contains("composite", fault.Expectation, StringComparison.Ordinal);
        Assert.True(fault.IsComposite);
    }

    [Fact]
    public void Each_bound_is_enforced()
    {
        byte[] image = File.ReadAllBytes(s_small);
        var none = ElfLimits.Default;
        foreach (ElfLimits limits in (ElfLimits[])[none with { Sections = 1 }, none with { Fdes = 3 }, none with { NameBytes = 10 }, none with { TotalNameBytes = 100 }])
            Assert.Throws<ElfFormatException>(() => ReadyToRunReader.Read(image, s_small, limits));
    }

    [Fact]
    public void Random_damage_never_gives_anything_but_a_format_error()
    {
        byte[] image = File.ReadAllBytes(s_small);
        var random = new Random(20250101);
        var (read, refused) = (0, 0);
        for (int round = 0; round < 1000; round++)
        {
            if (TryRead(Damage(image, random), $"round {round}")) read++;
            else refused++;
        }
        Assert.True(read > 50 && refused > 50, $"{read} read, {refused} refused: the damage is too mild or too rough");
    }

    [Fact]
    public void Every_cut_of_the_headers_is_refused()
    {
        byte[] image = File.ReadAllBytes(s_small);
        for (int length = 0; length < 1024; length++) Assert.False(TryRead(image.AsMemory(0, length), $"{length} bytes"));
    }

    private static ReadOnlyMemory<byte> Damage(byte[] image, Random random)
    {
        byte[] copy = [.. image];
        int tables = copy.AsSpan().IndexOf("BSJB"u8), length = random.Next(8) == 0 ? random.Next(copy.Length) : copy.Length;
        for (int count = random.Next(1, 60); count > 0; count--)
        {
            // The headers and the metadata are where the reader goes by what it reads.
            int at = random.Next(8) switch { 0 => random.Next(64, 1024), < 6 => random.Next(tables, Math.Min(copy.Length, tables + 65_536)), _ => random.Next(copy.Length) };
            copy[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => 0xFF, _ => (byte)(copy[at] ^ (1 << random.Next(8))) };
        }
        return copy.AsMemory(0, length);
    }

    private static bool TryRead(ReadOnlyMemory<byte> image, string what)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            ReadyToRunReader.Read(image, "damaged");
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

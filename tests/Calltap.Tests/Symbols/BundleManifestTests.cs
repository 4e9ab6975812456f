using System.Text;
using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>The list of files in a single-file program of .NET.</summary>
public sealed class BundleManifestTests
{
    private static readonly BundledFile[] s_files =
    [
        new("App.dll", new(0x13380), new(6144), new(0)),
        new("sub/Größe.dll", new(0x15000), new(1 << 20), new(40_000)),
        new("App.runtimeconfig.json", new(0x115000), new(435), new(0)),
    ];

    [Theory]
    [InlineData(6u, true)]
    [InlineData(2u, false)]
    public void Files_are_read_as_they_were_written(uint version, bool hasCompression)
    {
        BundledFile[] expected = [.. s_files.Select(file => hasCompression ? file : file with { CompressedSize = default })];
        Assert.Equal(expected, BundleManifest.Read(Manifest(version, s_files), "app", new(0)));
        Assert.Equal(hasCompression, expected[1].IsCompressed);
        Assert.False(expected[0].IsCompressed);
    }

    [Fact]
    public void What_follows_is_not_looked_at() => Assert.Equal(s_files, BundleManifest.Read([.. Manifest(6, s_files), 1, 2, 3], "app", new(0)));

    [Fact]
    public void One_that_ends_anywhere_is_damaged()
    {
        byte[] manifest = Manifest(6, s_files);
        for (int length = 0; length < manifest.Length; length++)
            Assert.Throws<ElfFormatException>(() => BundleManifest.Read(manifest.AsSpan(0, length), "app", new(0x1000)));
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(7u)]
    public void Other_versions_are_refused(uint version) => Assert.Contains(
        "version", Assert.Throws<ElfFormatException>(() => BundleManifest.Read(Manifest(version, s_files), "app", new(0))).Expectation, StringComparison.Ordinal);

    [Fact]
    public void Each_bound_is_enforced()
    {
        byte[] manifest = Manifest(6, s_files);
        foreach (ElfLimits limits in (ElfLimits[])[ElfLimits.Default with { Sections = 2 }, ElfLimits.Default with { NameBytes = 6 }])
            Assert.Throws<ElfFormatException>(() => BundleManifest.Read(manifest, "app", new(0), limits));
        Assert.Throws<ElfFormatException>(() => BundleManifest.Read(Manifest(6, [s_files[0] with { Offset = new(long.MaxValue) }]), "app", new(0)));
    }

    private static byte[] Manifest(uint version, BundledFile[] files)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(version);
        writer.Write(0u);
        writer.Write(files.Length);
        writer.Write("an id");
        for (int i = 0; i < 5; i++)
            writer.Write(0L);
        foreach (BundledFile file in files)
        {
            writer.Write(file.Offset.Value);
            writer.Write(file.Size.Value);
            if (version >= 6)
                writer.Write(file.CompressedSize.Value);
            writer.Write((byte)1);
            writer.Write(file.Path);
        }

        writer.Flush();
        return bytes.ToArray();
    }
}

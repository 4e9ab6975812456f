using System.Globalization;
using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>What readelf prints of real files must be what the reader finds.</summary>
public sealed class ReadelfOracleTests
{
    private const string Libraries = "/usr/lib/x86_64-linux-gnu";

    // Without gcc the last one becomes a file that is not there, whose tests are skipped.
    public static TheoryData<string> Files =>
    [
        "/bin/bash", "/usr/bin/python3", $"{Libraries}/libc.so.6", $"{Libraries}/libstdc++.so.6", "/lib64/ld-linux-x86-64.so.2",
        Compiler(),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_function_symbol_is_accounted_for(string file)
    {
        var path = Existing(file);
        var module = Sample.ReadAlone(path);
        var known = KnownStarts(module);
        var named = module.Functions.Where(f => f.Name is not null)
            .SelectMany(f => f.Aliases.Append(f.Name!).Select(name => (f.Address.Value, name))).ToHashSet();
        var symbols = FunctionSymbols(path);
        Assert.NotEmpty(symbols);
        foreach (var (address, name) in symbols.Where(s => InCode(module, s.Address)))
        {
            Assert.Contains(address, known);
            Assert.True(named.Contains((address, name)) || !module.Functions.Any(f => f.Address.Value == address), name);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_named_function_is_a_symbol(string file)
    {
        var path = Existing(file);
        var symbols = FunctionSymbols(path);
        foreach (var function in Sample.ReadAlone(path).Functions.Where(f => f.Source != FunctionSource.EhFrame))
            Assert.Contains((function.Address.Value, function.Name!), symbols);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_unwind_entry_is_accounted_for(string file)
    {
        var path = Existing(file);
        var module = Sample.ReadAlone(path);
        var known = KnownStarts(module);
        var entries = UnwindEntries(path);
        Assert.NotEmpty(entries);
        foreach (var (start, end) in entries.Where(e => InCode(module, e.Start)))
            Assert.Contains(start, known);
        var ends = entries.ToLookup(e => e.Start, e => e.End);
        foreach (var function in module.Functions.Where(f => f.Name is null))
            Assert.Contains(function.Range.End.Value, ends[function.Address.Value]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Headers_agree(string file)
    {
        var path = Existing(file);
        var module = Sample.ReadAlone(path);
        Assert.Contains($"Build ID: {module.BuildId}", Tool.Run("readelf", "-nW", path), StringComparison.Ordinal);
        Assert.Contains($"Entry point address:               {module.EntryPoint}\n", Tool.Run("readelf", "-hW", path), StringComparison.Ordinal);
        var loads = Tool.Run("readelf", "-lW", path).Split('\n').Where(l => l.Trim().StartsWith("LOAD", StringComparison.Ordinal)).ToList();
        Assert.Equal(loads.Count, module.LoadSegments.Count);
        foreach (var (line, segment) in loads.Zip(module.LoadSegments))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Hex(fields[1]), (ulong)segment.Offset.Value);
            Assert.Equal(Hex(fields[2]), segment.Address.Value);
            Assert.Equal(Hex(fields[4]), (ulong)segment.FileSize.Value);
            Assert.Equal(Hex(fields[5]), (ulong)segment.MemorySize.Value);
            Assert.Equal(line.Contains(" R E ", StringComparison.Ordinal), segment.Executable);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Functions_are_sorted_disjoint_and_within_code(string file)
    {
        var module = Sample.Read(Existing(file));
        Assert.NotEmpty(module.Functions);
        foreach (var (left, right) in module.Functions.Zip(module.Functions.Skip(1)))
            Assert.True(left.Range.End <= right.Address, $"{left} / {right}");
        foreach (var function in module.Functions)
        {
            Assert.Contains(module.CodeRanges, r => r.Contains(function.Address) && function.Range.End <= r.End);
            Assert.DoesNotContain(module.PltRanges, r => r.Contains(function.Address));
        }
    }

    private static string Compiler()
    {
        var root = new DirectoryInfo("/usr/lib/gcc");
        var found = root.Exists ? root.EnumerateFiles("cc1", SearchOption.AllDirectories).FirstOrDefault() : null;
        return found?.FullName ?? "/usr/lib/gcc/cc1";
    }

    private static string Existing(string path)
    {
        var final = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        Assert.SkipUnless(File.Exists(final), $"{path} is not there");
        return final;
    }

    private static HashSet<ulong> KnownStarts(ModuleSymbols module) =>
    [
        .. module.Functions.Select(f => f.Address.Value),
        .. module.Excluded.Select(f => f.Address.Value),
        .. module.Functions.SelectMany(f => f.Fragments).Select(r => r.Start.Value),
    ];

    private static bool InCode(ModuleSymbols module, ulong address) => module.CodeRanges.Any(r => r.Contains(new(address)));

    // Num: Value Size Type Bind Vis Ndx Name[@VERSION]
    private static HashSet<(ulong Address, string Name)> FunctionSymbols(string path) =>
    [
        .. Tool.Run("readelf", "-sW", path).Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f.Length >= 8 && f[3] is "FUNC" or "IFUNC" && f[6] != "UND")
            .Select(f => (Hex(f[1]), f[7].Split('@')[0])),
    ];

    // 00000018 0000000000000014 0000001c FDE cie=00000000 pc=0000000000031750..0000000000031776
    private static List<(ulong Start, ulong End)> UnwindEntries(string path) =>
    [
        .. Tool.Run("readelf", "-W", "-wNf", path).Split('\n')
            .Where(line => line.Contains(" FDE ", StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf("pc=", StringComparison.Ordinal) + 3)..].Trim().Split(".."))
            .Select(range => (Hex(range[0]), Hex(range[1]))),
    ];

    private static ulong Hex(string text) =>
        ulong.Parse(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

using System.Buffers.Binary;
using System.Reflection.PortableExecutable;
using Calltap.Code;
using Calltap.Modules;
using Xunit;

namespace Calltap.Tests.Managed;

/// <summary>Every site of the runtime's own library against <see cref="SiteRules"/>, and sites made wrong on purpose.</summary>
public sealed class SiteRulesTests(ITestOutputHelper output)
{
    private const int Behind = 16; // bytes read behind a method: the unwinder looks ahead

    [Theory]
    [InlineData("System.Private.CoreLib")]
    [InlineData("System.Text.Json")]
    [InlineData("System.Linq")]
    public void No_site_misleads_the_runtime(string assembly) => Check(Library.PathOf(assembly));

    /// <summary>The other runtimes that NuGet has got for the live tests, where it has.</summary>
    [Theory]
    [InlineData("8.0.")]
    [InlineData("9.0.")]
    public void Nor_does_one_of_earlier_runtimes(string version)
    {
        string packs = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages/microsoft.netcore.app.runtime.linux-x64");
        string? pack = Directory.Exists(packs) ? Directory.EnumerateDirectories(packs, version + "*").FirstOrDefault() : null;
        Assert.SkipWhen(pack is null, $"no runtime {version} in {packs}");
        foreach (string name in (string[])["System.Private.CoreLib", "System.Text.RegularExpressions", "System.Private.Xml"])
            Check(Directory.EnumerateFiles(pack, name + ".dll", SearchOption.AllDirectories).Single());
    }

    private void Check(string path)
    {
        Library library = Library.Read(path);
        string assembly = Path.GetFileNameWithoutExtension(path);
        int sites = 0, methods = 0, inWindows = 0, breakpoints = 0;
        var broken = new List<string>();
        var classes = new Dictionary<string, int>();
        foreach ((TargetFunction method, byte[] code, int room, Unwinder unwinder) in library.Methods())
        {
            FunctionPlan plan = method.Plan.WithBreakpoints();
            broken.AddRange(Broken(library, method, method.Plan, code, room, unwinder));
            broken.AddRange(Broken(library, method, plan, code, room, unwinder));
            inWindows += SiteRules.MisleadingInWindows(plan, method.Symbol.Address.Value, (int)method.Symbol.Size.Value, code, unwinder, library.Map).Count();
            sites += plan.Exits.Count + (plan.Entry is null ? 0 : 1);
            methods++;
            foreach (SitePlan exit in plan.Exits)
                classes[$"{exit.Kind}/{exit.Class}"] = classes.GetValueOrDefault($"{exit.Kind}/{exit.Class}") + 1;
            foreach (RefusedExit exit in plan.RefusedExits)
                classes[$"refused/{exit.Reason}"] = classes.GetValueOrDefault($"refused/{exit.Reason}") + 1;
            breakpoints += plan.Exits.Count(exit => exit.Class == SiteClass.Breakpoint);
        }

        output.WriteLine($"{assembly}: {methods} methods of {library.Functions}, {sites} sites, {broken.Count} broken; {inWindows} places that mislead in windows; {string.Join(", ", classes.OrderBy(c => c.Key))}");
        Assert.Equal(0, inWindows);
        Assert.True(breakpoints > 20, $"only {breakpoints} exits for breakpoints that stay");
        Assert.True(broken.Count == 0, $"{broken.Count} broken: {string.Join("; ", broken.Take(10))}");
        Assert.True(methods > library.Functions * 9 / 10, $"only {methods} of {library.Functions} methods have unwind data");
    }

    [Fact]
    public void Plain_jumps_where_a_frame_stands_are_found()
    {
        int epilogues = Count(plan => plan with { Entry = null, Exits = [.. plan.Exits.Where(IsEpilogue).Select(exit => exit with { Class = SiteClass.SingleInstruction })] }, out int found);
        Assert.InRange(found, epilogues * 9 / 10, epilogues);
    }

    [Fact]
    public void Patches_within_an_epilogue_are_found()
    {
        int epilogues = Count(plan => plan with { Entry = null, Exits = [.. plan.Exits.Where(IsEpilogue).Select(Later)] }, out int found);
        Assert.InRange(found, epilogues * 9 / 10, epilogues);
    }

    [Fact]
    public void Breakpoints_that_stay_within_an_epilogue_are_found()
    {
        int breakpoints = Count(plan => plan with { Entry = null, Exits = [.. plan.WithBreakpoints().Exits.Where(exit => exit is { Class: SiteClass.Breakpoint, TransferOffset: > 0 }).Select(Later)] }, out int found);
        Assert.InRange(found, breakpoints * 9 / 10, breakpoints);
    }

    [Fact]
    public void Entries_a_byte_too_late_are_found()
    {
        int entries = Count(plan => plan with { Entry = plan.Entry is { } entry ? entry with { Address = entry.Address + 1 } : null, Exits = [] }, out int found);
        Assert.Equal(entries, found);
    }

    /// <summary>
    /// Why a breakpoint that stays is not at the exit itself: there, behind what has freed the frame, the runtime is misled for as long as it stands. Where the frame still stands
    /// it is not, which shows that the model tells the two apart.
    /// </summary>
    [Theory]
    [InlineData("System.Private.CoreLib")]
    [InlineData("System.Linq")]
    public void A_breakpoint_that_stays_at_a_refused_exit_misleads_the_runtime(string assembly)
    {
        Library library = Library.Read(Library.PathOf(assembly));
        int refused = 0, framed = 0, misleading = 0, misleadingAtFirst = 0;
        foreach ((TargetFunction method, byte[] code, int _, Unwinder unwinder) in library.Methods())
            foreach (RefusedExit exit in method.Plan.RefusedExits)
            {
                int at = (int)(exit.Address.Value - method.Symbol.Address.Value), size = (int)method.Symbol.Size.Value, first = Epilogue.Begin(code, size, at);
                refused++;
                if (first == at)
                    continue; // no frame, or none that is taken down here
                framed++;
                misleading += IsMisled(unwinder, code, size, at) ? 1 : 0;
                misleadingAtFirst += IsMisled(unwinder, code, size, first) ? 1 : 0;
            }

        output.WriteLine($"{assembly}: {refused} refused exits, {framed} behind an epilogue; a breakpoint at the exit misleads at {misleading}, at the epilogue's first instruction at {misleadingAtFirst}");
        Assert.True(framed > 20, $"{framed} exits");
        Assert.True(misleading > framed * 9 / 10, $"{misleading} of {framed}");
        Assert.Equal(0, misleadingAtFirst);
    }

    /// <summary>Whether the runtime would look for the return address elsewhere with a breakpoint there.</summary>
    private static bool IsMisled(Unwinder unwinder, byte[] code, int size, int at)
    {
        byte[] patched = [.. code];
        patched[at] = 0xcc;
        return !unwinder.AreSame(unwinder.At(code, size, at), unwinder.At(patched, size, at));
    }

    private static bool IsEpilogue(SitePlan exit) => exit.Class == SiteClass.Epilogue;

    /// <summary>As if the transfer alone could be replaced.</summary>
    private static SitePlan Later(SitePlan exit) => exit with
    {
        Address = exit.Address + exit.TransferOffset, Length = exit.CodeLength - exit.TransferOffset, CodeLength = exit.CodeLength - exit.TransferOffset, TransferOffset = 0, InteriorStarts = default,
        Original = RegionBytes.From(exit.Original.ToArray(exit.Length).AsSpan(exit.TransferOffset)),
    };

    /// <summary>Counts the methods whose plans have sites after a change, and those of them that break a rule.</summary>
    private static int Count(Func<FunctionPlan, FunctionPlan> change, out int found)
    {
        Library library = Library.Read(Library.PathOf("System.Linq"));
        int methods = found = 0;
        foreach ((TargetFunction method, byte[] code, int room, Unwinder unwinder) in library.Methods())
        {
            FunctionPlan plan = change(method.Plan);
            if (plan.Entry is null && plan.Exits.Count == 0)
                continue;
            methods++;
            found += Broken(library, method, plan, code, room, unwinder).Any() ? 1 : 0;
        }

        Assert.True(methods > 20, $"{methods} methods");
        return methods;
    }

    private static IEnumerable<string> Broken(Library library, TargetFunction method, FunctionPlan plan, byte[] code, int room, Unwinder unwinder) =>
        new SiteRules(library.Map, isReadyToRun: true).Broken(plan, method.Symbol.Address.Value, (int)method.Symbol.Size.Value, code, room, unwinder).Select(broken => $"{method.Name}: {broken}");

    /// <summary>An assembly of the runtime that the tests run in: its code, and the unwind data of each piece.</summary>
    private sealed class Library
    {
        private const int RuntimeFunctions = 102, EntrySize = 12;

        private readonly PEReader _file;
        private readonly FunctionCatalog _catalog;
        private readonly SortedDictionary<ulong, (ulong End, int Unwind)> _pieces = [];

        private Library(string path)
        {
            (_file, _catalog) = (new PEReader(File.OpenRead(path)), FunctionCatalog.LoadFile(path));
            (int table, int size) = Section(RuntimeFunctions);
            ReadOnlySpan<byte> entries = Bytes((ulong)table, size)!;
            for (; entries.Length >= EntrySize; entries = entries[EntrySize..])
                _pieces[BinaryPrimitives.ReadUInt32LittleEndian(entries)] = (BinaryPrimitives.ReadUInt32LittleEndian(entries[4..]), BinaryPrimitives.ReadInt32LittleEndian(entries[8..]));
            Map = new CodeMap(Bytes);
            foreach ((ulong start, (ulong end, _)) in _pieces.Where(piece => piece.Value.End > piece.Key))
                Map.Add(start, Bytes(start, (int)(end - start))!);
            Map.AddTables();
        }

        internal CodeMap Map { get; }

        internal int Functions => _catalog.Functions.Count;

        internal static string PathOf(string assembly) => Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, assembly + ".dll");

        internal static Library Read(string path) => new(path);

        /// <summary>Methods with their bytes, how many are theirs with padding, and their unwind data.</summary>
        internal IEnumerable<(TargetFunction Method, byte[] Code, int Room, Unwinder Unwinder)> Methods()
        {
            ulong[] starts = [.. _pieces.Keys];
            foreach (TargetFunction method in _catalog.Functions)
            {
                ulong start = method.Symbol.Address.Value;
                int next = Array.BinarySearch(starts, start) + 1, size = (int)method.Symbol.Size.Value;
                int room = next < starts.Length ? (int)(starts[next] - start) : size;
                if (next > 0 && Bytes(start, room + Behind) is { } code && Unwinder.Read(Bytes((ulong)_pieces[start].Unwind, 64)) is { } unwinder)
                    yield return (method, code, room, unwinder);
            }
        }

        private (int Rva, int Size) Section(int wanted)
        {
            int at = _file.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.RelativeVirtualAddress;
            byte[] header = Bytes((ulong)at, 16)!;
            Assert.Equal(0x00525452u, BinaryPrimitives.ReadUInt32LittleEndian(header));
            ReadOnlySpan<byte> sections = Bytes((ulong)at + 16, EntrySize * BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12)));
            for (; BinaryPrimitives.ReadInt32LittleEndian(sections) != wanted; sections = sections[EntrySize..])
            {
            }

            return (BinaryPrimitives.ReadInt32LittleEndian(sections[4..]), BinaryPrimitives.ReadInt32LittleEndian(sections[8..]));
        }

        private byte[]? Bytes(ulong rva, int length)
        {
            PEMemoryBlock block = rva < int.MaxValue ? _file.GetSectionData((int)rva) : default;
            return block.Length >= length ? [.. block.GetContent(0, length)] : null;
        }
    }
}

using System.Text;
using Calltap.Fuzz;
using Calltap.Fuzz.Targets;
using Calltap.Native;
using Calltap.Symbols;
using Calltap.Tests.Symbols;
using Calltap.Tests.Trace;
using Calltap.Trace;
using Xunit;
using ZstdSharp;

namespace Calltap.Tests.Fuzz;

/// <summary>Inputs that are large, or ask for much, in a way that random changes do not find: each took minutes, or all memory.</summary>
public sealed class HostileSizeTests
{
    static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)] // goes round the end of the ring
    public void A_ring_full_of_holes_is_left_soon(int start)
    {
        const int Slots = RingLayout.DefaultDataBytes / RingLayout.SlotBytes;
        var reader = new RingReader(new ByteSize(RingLayout.DefaultDataBytes));
        var data = new byte[RingLayout.DefaultDataBytes];
        for (int i = 0; i < start; i++) Write(data, i);
        reader.Drain(data, (ulong)start * 16, new TraceEvent[Slots]);
        Write(data, (start + Slots - 1) % Slots);
        ulong head = (ulong)(start + Slots) * 16;
        Within(() =>
        {
            while (reader.IsHole(data, head)) reader.SkipHole(data, head);
        });
        Assert.Equal(Slots - 1, reader.SkippedHoles);
        Assert.Equal(1, reader.Drain(data, head, new TraceEvent[4]));

        static void Write(byte[] ring, int slot) => (ring[16 * slot], ring[(16 * slot) + 8]) = (7, 1);
    }

    [Fact]
    public void A_file_of_more_records_than_it_can_have_is_damaged()
    {
        byte[] chunk = Packed(new byte[16 << 20], count: 1 << 20); // clock records of two words each, all zero
        byte[] file = TraceChunks.Join(TraceSample.Write(_ => { }), Enumerable.Repeat((8, chunk), 40));
        Within(() =>
        {
            using TraceReader reader = TraceReader.Open(file, "bomb");
            Assert.Contains("records", reader.Damage?.Expectation ?? "", StringComparison.Ordinal);
            Assert.InRange(reader.Catalog.Clocks.Count, 1, 5 << 20);
        });
    }

    [Fact]
    public void An_index_that_names_a_chunk_twice_is_not_followed()
    {
        byte[] file = TraceSample.Write(writer => writer.WriteEvents(new Tid(5), [TraceSample.Entry(1, "f", 100), TraceSample.Exit(2, "f", 100)]));
        var chunks = TraceChunks.Split(file).Select(c => (c.Type, Payload: TraceChunks.Unpacked(c.Type, c.Payload))).ToList();
        (int type, byte[] end) = chunks[^1];
        byte[] index = end[4..^8]; // number of events, number of chunks, a stored block's kind and two lengths are a byte each
        byte[] twice = [end[0], (byte)(2 * end[1]), 0, (byte)(2 * (end.Length - 13)), (byte)(2 * (end.Length - 13)), .. end[5..^8], .. end[5..^8], .. end[^8..]];
        Assert.True(index.Length < 60, "the index has outgrown one byte of length");
        chunks[^1] = (type, twice);
        using TraceReader reader = TraceReader.Open(TraceChunks.Join(file, chunks), "twice");
        Assert.Equal(2, reader.Events);
    }

    [Fact]
    public void Changes_of_a_function_are_not_searched_one_by_one()
    {
        ArmingRecord[] arming = [.. Enumerable.Range(0, 200_000).Select(i => new ArmingRecord(ArmingKind.Armed, new TscTime((ulong)(10 * i)), new TscTime((ulong)(10 * i) + 1), 1, 0, [new FunctionId(1)]))];
        var coverage = new ExitCoverage([TraceSample.Functions[1]], arming);
        int complete = 0;
        Within(() =>
        {
            for (ulong i = 0; i < 500_000; i++) complete += coverage.IsComplete(new FunctionId(1), new TscTime((4 * i) + 2), new TscTime((4 * i) + 3)) ? 1 : 0;
        });
        Assert.InRange(complete, 200_000, 450_000);
    }

    [Fact]
    public void Unwind_entries_that_lie_in_each_other_are_measured_once()
    {
        const int Count = 150_000;
        var frames = new List<byte>();
        UnwindTarget.Entry(frames, [0, 0, 0, 0, 1, .. "zR\0"u8, 1, 0x78, 16, 1, 0x00, 0x0c, 7, 8, 0x90, 1]);
        for (int i = 0; i < Count; i++)
            UnwindTarget.Entry(frames, [.. BitConverter.GetBytes(frames.Count + 4), .. BitConverter.GetBytes(0x1000L + i), .. BitConverter.GetBytes((long)Count), 0, 0]);
        byte[] file = UnwindTarget.Wrap([.. frames], Count);
        Within(() => Assert.True(ModuleSymbolReader.Read(file, "nested", _ => null).Excluded.Count >= Count - 1));
    }

    [Fact]
    public void Cold_parts_of_one_name_are_joined_once()
    {
        const int Count = 60_000;
        using var sample = new Sample();
        var source = new StringBuilder(".text\n");
        for (int i = 0; i < Count; i++)
            source.Append(System.Globalization.CultureInfo.InvariantCulture, $"f.cold.{i}: nop\n.type f.cold.{i},@function\n.size f.cold.{i},1\n");
        source.Append("f: ret\n.type f,@function\n.size f,1\n.globl f\n");
        byte[] file = File.ReadAllBytes(sample.Compile(source.ToString(), "s", "-shared", "-nostdlib"));
        Within(() => Assert.Equal(Count, Assert.Single(ModuleSymbolReader.Read(file, "cold", _ => null).Functions).Fragments.Count));
    }

    [Fact]
    public void A_function_full_of_labels_is_analysed_in_time()
    {
        using var sample = new Sample();
        string path = sample.Compile(".text\n.globl f\n.type f,@function\nf:\n.rept 150000\nlea 7(%rip),%rax\n.endr\njmp *%rax\n.size f,.-f\n", "s", "-shared", "-nostdlib");
        ModuleSymbols symbols = ModuleSymbolReader.Read(File.ReadAllBytes(path), "labels", _ => null);
        Within(() => Assert.NotEmpty(Calltap.Modules.ModuleAnalysis.Analyze(symbols, Calltap.Modules.TargetTraits.None)));
    }

    [Fact]
    public void A_file_that_is_mapped_in_pieces_everywhere_has_no_bias()
    {
        MemoryMapping[] mappings = [.. Enumerable.Range(0, 20_000).Select(i => new MemoryMapping(
            new TargetAddress((ulong)i << 13), new TargetAddress(((ulong)i << 13) + 4096), MappingPermissions.Execute, default, default, 1, "/x", false))];
        LoadSegment[] segments = [.. Enumerable.Range(0, 1000).Select(i => new LoadSegment(new((ulong)i << 12), new(4096), new(0), new(4096), true, false, true))];
        Within(() => Assert.Empty(LoadBias.Find(mappings, segments)));
        Within(() => LoadBias.Find(mappings.AsSpan(0, 2000).ToArray(), segments));
    }

    [Theory]
    [InlineData("_Z1fSt4pairIiiES_IS0_S0_ES_IS1_S1_ES_IS2_S2_ES_IS3_S3_ES_IS4_S4_ES_IS5_S5_ES_IS6_S6_ES_IS7_S7_ES_IS8_S8_ES_IS9_S9_ES_ISA_SA_ES_ISB_SB_E")]
    [InlineData("_Z1fIJiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiEEvDp1aIT_Dp1aIT_Dp1aIT_Dp1aIT_Dp1aIT_T_EEEEE")]
    public void A_name_that_grows_without_bound_stays_mangled(string name) => Assert.Equal(name, new CxaDemangler().Demangle(name));

    [Theory]
    [InlineData("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back(int const&)")]
    [InlineData("_Z3fooIJidEEvDpT_", "void foo<int, double>(int, double)")]
    public void Other_names_are_demangled(string name, string text)
    {
        string found = new CxaDemangler().Demangle(name);
        if (found == name) Assert.Skip("libstdc++ is not installed");
        Assert.Equal(text, found);
    }

    static byte[] Packed(byte[] records, int count)
    {
        using var pack = new Compressor(1);
        byte[] stored = pack.Wrap(records).ToArray();
        return [.. Number(count), 1, .. Number(records.Length), .. Number(stored.Length), .. stored];
    }

    static byte[] Number(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    static void Within(Action action)
    {
        var work = new WorkTime();
        action();
        Assert.True(work.Elapsed < s_longest, $"took {work.Elapsed}");
    }
}

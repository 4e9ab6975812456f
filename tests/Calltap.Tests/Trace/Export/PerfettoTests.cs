using System.Globalization;
using Calltap.Tests.Docs;
using Calltap.Tests.Symbols;
using Calltap.Trace;
using Xunit;

namespace Calltap.Tests.Trace.Export;

/// <summary>Protocol buffers' own decoder reads the trace; what it finds must be what our report says.</summary>
public sealed class PerfettoTests
{
    [Fact]
    public void Slices_have_the_calls_and_times_of_our_report()
    {
        Decoded trace = Decode(ExportSample.Whole);
        Assert.Equal(ExportSample.Report(ExportSample.Whole), trace.Times.Sums);
        Assert.True(trace.Times.IsBalanced);
        Assert.Equal(["worker 1", "worker 2", "worker 3"], trace.Tracks.Values.Where(t => t.StartsWith("worker", StringComparison.Ordinal)).Order());
        Assert.Equal(["prog"], trace.Categories.Values);
        Assert.Empty(trace.Annotations);
    }

    [Fact]
    public void What_is_not_whole_is_balanced_and_marked()
    {
        Decoded trace = Decode(ExportSample.Odd);
        Assert.True(trace.Times.IsBalanced);
        Assert.Equal(ExportSample.Report(ExportSample.Odd).Select(f => (f.Key, f.Value.Calls)), trace.Times.Sums.Select(f => (f.Key, f.Value.Calls)));
        Assert.Equal(
            [
                "g: end \"unwound\"", "f: end \"unwound\"", "leaky: end \"unknown\"", "events lost: entries 3", "events lost: exits 2", "events lost: holes 1", "f: end \"unknown\"",
                "main: end \"unknown\"", "exits of calls that began earlier: exits 1",
            ],
            trace.Annotations);
        Assert.Equal(["odd", "odd (stack 2)", "prog --x", "thread 12"], trace.Tracks.Values.Order());
        Assert.Equal(1000, trace.Start);
    }

    [Fact]
    public void Every_field_is_one_of_the_schema()
    {
        string text = Text(ExportSample.Odd);
        Assert.DoesNotContain(text.Split('\n'), line => line.TrimStart() is [>= '0' and <= '9', ..]);
        // The control: a field that the schema does not have shows as its number.
        (byte[] bytes, _) = ExportSample.Export(ExportSample.Odd, PerfettoWriter.Write);
        Assert.Contains(Protoc([.. bytes, 0x78, 1]).Split('\n'), line => line.TrimStart() is [>= '0' and <= '9', ..]);
    }

    static string Text(byte[] file) => Protoc(ExportSample.Export(file, PerfettoWriter.Write).Bytes);

    static string Protoc(byte[] trace)
    {
        string folder = Path.Combine(ReferencedFilesTests.Root, "tests", "perfetto");
        Tool.Run("protoc", "--version");
        return ExportSample.WithFile(trace, path =>
            Tool.Run("sh", "-c", "exec protoc --decode=perfetto.protos.Trace -I\"$1\" \"$1/trace.proto\" < \"$2\"", "sh", folder, path));
    }

    static Decoded Decode(byte[] file)
    {
        var decoded = new Decoded();
        foreach (ProtoText packet in ProtoText.Parse(Text(file)).All("packet"))
            decoded.Take(packet);
        return decoded;
    }

    sealed class Decoded
    {
        public NestedTimes Times { get; } = new();

        public Dictionary<string, string> Tracks { get; } = [];

        public Dictionary<string, string> Names { get; } = [];

        public Dictionary<string, string> Categories { get; } = [];

        public List<string> Annotations { get; } = [];

        public long Start { get; private set; }

        public void Take(ProtoText packet)
        {
            foreach (ProtoText snapshot in packet.All("clock_snapshot"))
                Start = Number(snapshot.All("clocks").Single()["timestamp"]);
            foreach (ProtoText track in packet.All("track_descriptor"))
                Tracks.Add(track["uuid"], Unquoted(track.All("thread").FirstOrDefault()?["thread_name"] ?? track.All("process").FirstOrDefault()?["process_name"] ?? track["name"]));
            foreach (ProtoText data in packet.All("interned_data"))
            {
                data.All("event_names").ToList().ForEach(n => Names.Add(n["iid"], Unquoted(n["name"])));
                data.All("event_categories").ToList().ForEach(n => Categories.Add(n["iid"], Unquoted(n["name"])));
            }

            foreach (ProtoText e in packet.All("track_event"))
                Take(e, Number(packet["timestamp"]));
        }

        void Take(ProtoText e, long ns)
        {
            string track = e["track_uuid"], name;
            Assert.Contains(track, Tracks.Keys);
            switch (e["type"])
            {
                case "TYPE_SLICE_BEGIN":
                    Times.Enter(track, Names[e["name_iid"]], ns);
                    Assert.Contains(e["category_iids"], Categories.Keys);
                    return;
                case "TYPE_SLICE_END":
                    name = Times.Leave(track, ns);
                    break;
                default:
                    name = Unquoted(e["name"]);
                    break;
            }

            Annotations.AddRange(e.All("debug_annotations").Select(a => $"{name}: {Unquoted(a["name"])} {a.Find("int_value") ?? a["string_value"]}"));
        }

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

        static string Unquoted(string text) => text[1..^1];
    }
}

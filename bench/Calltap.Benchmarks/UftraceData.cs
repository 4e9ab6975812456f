using System.Buffers.Binary;
using System.Globalization;
using Calltap.Trace;

namespace Calltap.Benchmarks;

/// <summary>
/// Makes a Calltap trace of the calls in a recording of uftrace, so that both tools read the same calls. A record is a time in nanoseconds and a word: two bits of type (0 entry, 1 exit), one
/// of "more follows", three of magic, ten of depth, and the address. What more follows (arguments, events) is refused.
/// </summary>
static class UftraceData
{
    const int RecordBytes = 16, DepthShift = 6, AddressShift = 16;
    const ulong DepthMask = 0x3FF, TypeMask = 3, More = 4;
    const int FrameBytes = 48, Batch = 1 << 14;
    const uint StackTop = 0x7000_0000;

    /// <summary>Ticks of the made-up clock for a nanosecond: times take as many bytes as those of a machine of 2.6 GHz.</summary>
    const double TicksPerNs = 2.6;

    /// <summary>Writes the trace.</summary>
    public static int Convert(string folder, string path)
    {
        string[] files = [.. Directory.GetFiles(folder, "*.dat").Where(file => int.TryParse(Path.GetFileNameWithoutExtension(file), out _)).Order(StringComparer.Ordinal)];
        using FileStream output = File.Create(path);
        using var writer = new TraceWriter(output);
        writer.WriteSession(new SessionRecord { CommandLine = "converted", TscHz = (long)(1e9 * TicksPerNs), Target = new Pid(1) });
        Stream[] streams = [.. files.Select(File.OpenRead)];
        var sites = new Dictionary<ulong, uint>();
        var batch = new byte[Batch * RecordBytes];
        // A piece of each thread in turn, as a drain writes them.
        for (bool any = true; any;)
        {
            any = false;
            for (int i = 0; i < streams.Length; i++)
            {
                int read = streams[i].ReadAtLeast(batch, batch.Length, throwOnEndOfStream: false);
                any |= read > 0;
                TraceEvent[] events = Events(batch.AsSpan(0, read), sites, writer);
                writer.WriteEvents(new Tid(int.Parse(Path.GetFileNameWithoutExtension(files[i]), CultureInfo.InvariantCulture)), events);
            }
        }
        writer.Finish();
        Console.WriteLine($"{path}: {writer.Events:N0} events, {sites.Count} functions, {output.Length:N0} bytes");
        return 0;
    }

    static TraceEvent[] Events(ReadOnlySpan<byte> records, Dictionary<ulong, uint> sites, TraceWriter writer)
    {
        var events = new TraceEvent[records.Length / RecordBytes];
        for (int i = 0; i < events.Length; i++)
        {
            ulong time = BinaryPrimitives.ReadUInt64LittleEndian(records[(i * RecordBytes)..]), word = BinaryPrimitives.ReadUInt64LittleEndian(records[((i * RecordBytes) + 8)..]);
            if ((word & TypeMask) > 1 || (word & More) != 0) throw new InvalidDataException("A record that is no plain entry or exit: record with --no-event and without arguments.");
            uint site = SiteOf(word >> AddressShift, sites, writer) + (uint)(word & TypeMask);
            events[i] = new TraceEvent(new TscTime((ulong)(time * TicksPerNs)), new SiteId(site), StackTop - ((uint)((word >> DepthShift) & DepthMask) * FrameBytes));
        }
        return events;
    }

    static uint SiteOf(ulong address, Dictionary<ulong, uint> sites, TraceWriter writer)
    {
        if (sites.TryGetValue(address, out uint known)) return known;
        var function = new FunctionId(sites.Count);
        uint site = (2 * (uint)sites.Count) + 1;
        writer.WriteFunctions([new FunctionRecord(function, 1, new ImageAddress(address), new ByteSize(16), $"f_{address:x}", "", FunctionFlags.AllExitsPatched)]);
        writer.WriteSites([new SiteRecord(new SiteId(site), function, SiteKind.Entry), new SiteRecord(new SiteId(site + 1), function, SiteKind.Exit)]);
        sites.Add(address, site);
        return site;
    }
}

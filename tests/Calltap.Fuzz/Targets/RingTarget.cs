using System.Buffers.Binary;
using Calltap.Code.Emit;
using Calltap.Native;
using Calltap.Recording;
using Calltap.Sessions;
using Calltap.Trace;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Fuzz.Targets;

/// <summary>
/// A target that writes what it likes into the shared memory, between the rounds of the drain. An input is a script of 12-byte steps. What comes
/// out goes through the trace file and back: that must be whole, with every event.
/// </summary>
sealed class RingTarget : IFuzzTarget
{
    const int StepSize = 12;
    const int Kinds = 16;
    const int RingBytes = 4096;
    static readonly SessionMemoryLayout s_layout = new(8, RingBytes, 8);

    readonly SharedFile _shared = SharedFile.Map(NewFile(), s_layout.TotalSize);

    public string Name => "ring";

    public int MaxInput => 256 * StepSize;

    public InputLimits Limits => new(TimeSpan.FromSeconds(1), 64 << 20);

    public IReadOnlyList<byte[]> MakeSeeds() =>
    [
        Script((0, 0, 0, 100), (4, 0, 40, 1), (12, 0, 0, 0), (4, 0, 60, 2), (13, 0, 10, 0), (14, 0, 1, 100), (13, 0, 99, 0), (13, 0, 99, 0)),
        Script((7, 0, 3, 0), (0, 0, 0, 100), (0, 1, 0, 101), (0, 2, 0, 102), (5, 0, 30, 0x55), (5, 1, 64, 0xf0f0), (12, 0, 0, 0), (13, 0, 200, 0), (4, 2, 255, 3), (13, 0, 200, 0)),
        Script((0, 0, 0, 7), (1, 0, 0, RingBytes), (3, 0, 255, 5), (12, 0, 0, 0), (13, 0, 150, 0), (6, 0, 3, 77), (12, 0, 0, 0)),
        Script((0, 0, 0, 0xffffffff), (4, 0, 9, 1), (9, 0, 1, ulong.MaxValue), (7, 0, 0, ulong.MaxValue), (8, 0, 2, 0x7fffffff), (12, 0, 0, 0)),
    ];

    public byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        var steps = input.Chunk(StepSize).Where(step => step.Length == StepSize).Select(step => step.ToArray()).ToList();
        for (int count = random.Next(1, 12); count > 0; count--)
        {
            int at = random.Next(steps.Count + 1);
            if (at == steps.Count || random.Next(3) == 0) steps.Insert(at, Step(random));
            else if (random.Next(6) == 0) steps.RemoveAt(at);
            else if (random.Next(3) == 0) steps.InsertRange(at, other.Chunk(StepSize).Where(step => step.Length == StepSize).Take(random.Next(8)));
            else Mutator.WriteNumber(steps[at], random.Next(2) == 0 ? 2 : 4, random.Next(2) == 0 ? 2 : 8, random);
        }
        return [.. steps.SelectMany(step => step)];
    }

    public byte[] Repair(byte[] input) => input;

    public void Execute(byte[] input)
    {
        _shared.At(0, (int)s_layout.TotalSize).Clear();
        var memory = new SessionMemory(_shared, s_layout, new TargetAddress(0x7000_0000_0000));
        for (int i = 0; i < s_layout.Capacity / 2; i++) memory.Offer(i);
        using var file = new MemoryStream();
        using var writer = new TraceWriter(file);
        var sink = new WriterSink(writer);
        var owners = new ScriptedOwners();
        var clock = new ScriptedClock();
        var drain = new RingDrain(memory, owners, sink, clock, new TraceEvent[RingDrain.BatchEvents]);
        foreach (byte[] step in input.Chunk(StepSize).Where(step => step.Length == StepSize))
            Apply(step, drain, owners, clock);
        drain.Finish();
        writer.Finish();
        if (sink.Events != drain.Events) throw new InvalidOperationException($"{drain.Events} events drained, {sink.Events} handed on");
        CheckFile(file.ToArray(), sink.Events);
    }

    void Apply(byte[] step, RingDrain drain, ScriptedOwners owners, ScriptedClock clock)
    {
        int ring = step[1] % s_layout.Capacity, number = BinaryPrimitives.ReadUInt16LittleEndian(step.AsSpan(2));
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(step.AsSpan(4));
        long header = s_layout.HeaderAt(ring);
        switch (step[0] % Kinds)
        {
            case 0: _shared.Dword(header + ThreadHeaderLayout.Tid) = (int)value; break;
            case 1: _shared.Qword(header + ThreadHeaderLayout.Head) = value; break;
            case 2: _shared.Qword(header + ThreadHeaderLayout.Head) += 16ul * (ulong)number; break;
            case 3: WriteSlot(ring, number, value, (uint)number); break;
            case 4: Reserve(ring, number % 512, value, holes: 0); break;
            case 5: Reserve(ring, number % 512, 1000, value); break;
            case 6: _shared.Qword(header + 16 + 8 * (number % 2)) = value; break;
            case 7: _shared.Qword(SessionMemoryLayout.QueueHead) = number == 0 ? value : _shared.Qword(SessionMemoryLayout.QueueHead) + (ulong)number; break;
            case 8: _shared.Dword(SessionMemoryLayout.Queue + 4 * (number % 1024)) = (int)value; break;
            case 9: _shared.Qword(SessionMemoryLayout.UnattributedEntries + 8 * (number % 4)) = value; break;
            case 10: _shared.Qword(header + ThreadHeaderLayout.Limit) = value; break;
            case 11: _shared.Qword((long)(value % (ulong)(s_layout.TotalSize / 8)) * 8) = value; break;
            case 12: drain.Round(); break;
            case 13:
                clock.Advance(TimeSpan.FromMilliseconds(number % 256));
                drain.Round();
                break;
            case 14: owners.Set(new Tid((int)value), (number & 1) == 0, (number & 2) == 0); break;
            default: _shared.Qword(number % (int)(s_layout.TotalSize / 8) * 8) = value; break;
        }
    }

    /// <summary>As a trampoline does, only that slots whose bit in <paramref name="holes"/> is set stay unfinished, and that nobody looks at the limit.</summary>
    void Reserve(int ring, int count, ulong time, ulong holes)
    {
        for (int i = 0; i < count; i++)
        {
            ref ulong head = ref _shared.Qword(s_layout.HeaderAt(ring) + ThreadHeaderLayout.Head);
            if ((holes >> (i % 64) & 1) == 0) WriteSlot(ring, (int)(head / 16 % 4096), time + (ulong)i, (uint)i + 1);
            head += 16;
        }
    }

    void WriteSlot(int ring, int slot, ulong time, uint site)
    {
        long at = s_layout.RingAt(ring) + 16 * (slot % (RingBytes / 16));
        _shared.Qword(at + 8) = site | (ulong)slot << 32;
        _shared.Qword(at) = time;
    }

    static void CheckFile(byte[] file, long events)
    {
        using TraceReader reader = TraceReader.Open(file, "fuzz");
        TraceReport report = ReportBuilder.Build(reader);
        if (reader.Damage is { } damage) throw new InvalidOperationException("the file of a hostile target is damaged", damage);
        if (!reader.IsComplete || report.Events != events) throw new InvalidOperationException($"{events} events written, {report.Events} read");
    }

    static byte[] Script(params (byte Kind, byte Ring, ushort Number, ulong Value)[] steps) =>
        [.. steps.SelectMany(s => (byte[])[s.Kind, s.Ring, (byte)s.Number, (byte)(s.Number >> 8), .. BitConverter.GetBytes(s.Value)])];

    static byte[] Step(Random random) => Script(((byte)random.Next(Kinds), (byte)random.Next(4), (ushort)random.Next(1 << random.Next(1, 11)), Mutator.Number(random)));

    static SafeFileHandle NewFile()
    {
        SafeFileHandle file = File.OpenHandle(
            Path.Combine("/dev/shm", $"calltap-fuzz-{Guid.NewGuid():n}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        RandomAccess.SetLength(file, s_layout.TotalSize);
        return file;
    }

    /// <summary>The trace file of a recording.</summary>
    sealed class WriterSink(TraceWriter writer) : IEventSink
    {
        public long Events { get; private set; }

        void IEventSink.Events(Tid thread, ReadOnlySpan<TraceEvent> events)
        {
            Events += events.Length;
            writer.WriteEvents(thread, events);
        }

        void IEventSink.Lost(Tid thread, long entries, long exits, long holes) => writer.WriteLost(new LostRecord(thread, default, entries, exits, holes));
    }

    /// <summary>Threads that live and die as the script says.</summary>
    sealed class ScriptedOwners : IRingOwners
    {
        readonly HashSet<Tid> _gone = [];
        readonly HashSet<Tid> _known = [];
        readonly HashSet<Tid> _stuck = [];

        public void Set(Tid tid, bool gone, bool free)
        {
            _known.Add(tid);
            if (gone) _gone.Add(tid);
            if (!free) _stuck.Add(tid);
        }

        public IReadOnlySet<Tid> Listed() => _known.Where(tid => !_gone.Contains(tid)).ToHashSet();

        public bool IsDead(Tid owner) => _gone.Contains(owner);

        public bool Retire(Tid owner) => !_stuck.Contains(owner);
    }

    /// <summary>Time passes when the script says so.</summary>
    sealed class ScriptedClock : TimeProvider
    {
        long _now = 1;

        public override long TimestampFrequency => 1_000_000;

        public void Advance(TimeSpan by) => _now += (long)by.TotalMicroseconds;

        public override long GetTimestamp() => _now;
    }
}

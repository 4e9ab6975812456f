namespace Calltap.Trace;

/// <summary>Numbers of fields and values in Perfetto's trace format (protos/perfetto/trace of its repository), as far as they are written here.</summary>
static class PerfettoSchema
{
    // Trace
    public const int TracePacket = 1;

    // TracePacket
    public const int ClockSnapshot = 6;
    public const int Timestamp = 8;
    public const int SequenceId = 10;
    public const int TrackEvent = 11;
    public const int InternedData = 12;
    public const int SequenceFlags = 13;
    public const int PacketDefaults = 59;
    public const int TrackDescriptor = 60;
    public const int FirstPacketOnSequence = 87;
    public const ulong IncrementalStateCleared = 1;
    public const ulong NeedsIncrementalState = 2;

    // TracePacketDefaults
    public const int DefaultsClock = 58;

    // ClockSnapshot, ClockSnapshot.Clock, BuiltinClock
    public const int SnapshotClock = 1;
    public const int SnapshotPrimary = 2;
    public const int ClockId = 1;
    public const int ClockTime = 2;
    public const ulong Monotonic = 3;

    // TrackDescriptor
    public const int TrackUuid = 1;
    public const int TrackName = 2;
    public const int TrackProcess = 3;
    public const int TrackThread = 4;
    public const int TrackParent = 5;

    // ProcessDescriptor, ThreadDescriptor
    public const int ProcessPid = 1;
    public const int ProcessName = 6;
    public const int ThreadPid = 1;
    public const int ThreadTid = 2;
    public const int ThreadName = 5;

    // TrackEvent
    public const int EventCategory = 3;
    public const int EventAnnotation = 4;
    public const int EventType = 9;
    public const int EventName = 10;
    public const int EventTrack = 11;
    public const int EventText = 23;
    public const ulong SliceBegin = 1;
    public const ulong SliceEnd = 2;
    public const ulong Instant = 3;

    // InternedData, EventCategory, EventName
    public const int InternedCategories = 1;
    public const int InternedNames = 2;
    public const int InternedId = 1;
    public const int InternedText = 2;

    // DebugAnnotation
    public const int AnnotationNumber = 4;
    public const int AnnotationText = 6;
    public const int AnnotationName = 10;
}

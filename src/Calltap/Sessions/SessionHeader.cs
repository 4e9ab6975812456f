namespace Calltap.Sessions;

/// <summary>
/// The first page of the session memory: what another process needs to say what is armed and to restore it.
/// Written by the tracer, read through /proc/PID/mem by whoever comes after.
/// </summary>
/// <remarks>
/// <code>
/// +0    qword  magic "CALLTAP" and the layout's version
/// +8    qword  address of this memory in the target
/// +16   qword  its size
/// +24   dword  pid of the tracer, +28 dword 1 = detached in good order
/// +32   qword  address of the site table, +40 qword its size in bytes, +48 dword number of sites
/// +52   dword  1 = the tracer has asked a .NET runtime for a perf map
/// +56   qword  address of the thread table, +64 qword its size
/// +72   qword  address of the op lists, +80 qword their size
/// +88   dword  number of arenas
/// +96   16 bytes each: address and size of an arena; the first starts with the helper's code
/// +480  qword  address of the window table, +488 qword its size
/// +496  qword  address of the mapping table, in the same memory as the site table, +504 dword number of its entries
/// +512  qwords: trap totals in the order of TrapCounts
/// +1024 queue (SessionMemoryLayout)
/// +2048 32 bytes... ops: 32 entries of 56 bytes: dword kind, dword in use, 48 bytes of name (UTF-8, zero-padded)
/// </code>
/// </remarks>
static class SessionHeader
{
    public const ulong MagicValue = 0x03_50_41_54_4c_4c_41_43; // "CALLTAP", 3

    public const int Magic = 0;
    public const int Address = 8;
    public const int Size = 16;
    public const int TracerPid = 24;
    public const int Detached = 28;
    public const int SiteTable = 32;
    public const int SiteTableSize = 40;
    public const int SiteCount = 48;
    public const int PerfMap = 52;
    public const int ThreadTable = 56;
    public const int ThreadTableSize = 64;
    public const int OpLists = 72;
    public const int OpListsSize = 80;
    public const int ArenaCount = 88;
    public const int Arenas = 96;
    public const int MaxArenas = 24;
    public const int WindowTable = 480;
    public const int WindowTableSize = 488;
    public const int MappingTable = 496;
    public const int MappingCount = 504;
    public const int TrapTotals = 512;
    public const int TrapTotalCount = 14;
    public const int Ops = 2048;
    public const int OpSize = 56;
    public const int OpNameSize = 48;
    public const int MaxOps = 32;

    /// <summary>The name of the memory file: how a mapping of a session is known in /proc/PID/maps.</summary>
    public const string FileName = "calltap-session";
}

using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Calltap.Trace;

/// <summary>The files that say which processes and threads there are: <c>task.txt</c> and <c>info</c>. Each process is a session of its own.</summary>
sealed class UftraceTasks(TraceCatalog catalog, MonotonicNs start)
{
    // Header of info: magic, version, its size, byte order, class, features, what the text tells, most depth.
    const int HeaderBytes = 40;
    const int Version = 4;
    const int LittleEndian = 1, Class64 = 2;
    const ulong TaskSession = 1 << 1, RelativeSymbols = 1 << 5, MaxStack = 1 << 6;
    const ulong ExeName = 1 << 0, CommandLine = 1 << 3, TaskInfo = 1 << 7, ToolVersion = 1 << 13;

    readonly List<Track> _tracks = [];
    readonly Dictionary<Pid, string> _sessions = [];

    /// <summary>Names of the sessions.</summary>
    public IEnumerable<string> Sessions => _sessions.Values;

    /// <summary>Takes a track, which is a thread to uftrace.</summary>
    public void Add(Track track)
    {
        _tracks.Add(track);
        _sessions.TryAdd(track.Pid, string.Create(CultureInfo.InvariantCulture, $"{track.Pid.Value:x16}"));
    }

    /// <summary>Writes both files.</summary>
    public void Write(Func<string, Stream> create)
    {
        WriteTasks(create);
        using Stream info = create("info");
        info.Write(Header());
        info.Write(Encoding.UTF8.GetBytes(
            $"exename:{ExeOf(catalog.Session.CommandLine)}\ncmdline:{catalog.Session.CommandLine}\ntaskinfo:lines=2\ntaskinfo:nr_tid={_tracks.Count}\n"
            + $"taskinfo:tids={string.Join(',', _tracks.Select(track => track.Id))}\nuftrace_version:calltap {catalog.Session.Tool}\n"));
    }

    void WriteTasks(Func<string, Stream> create)
    {
        string time = string.Create(CultureInfo.InvariantCulture, $"{start.Value / 1_000_000_000}.{start.Value % 1_000_000_000:000000000}");
        using StreamWriter tasks = UftraceText.Create(create, "task.txt");
        foreach ((Pid pid, string session) in _sessions)
            tasks.WriteLine($"SESS timestamp={time} pid={pid} sid={session} exename=\"{ExeOf(ProcessNames.Of(catalog, pid))}\"");
        foreach (Track track in _tracks)
            tasks.WriteLine($"TASK timestamp={time} tid={track.Id} pid={track.Pid}");
    }

    static byte[] Header()
    {
        byte[] header = new byte[HeaderBytes];
        "Ftrace!\0"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(12), HeaderBytes);
        (header[14], header[15]) = (LittleEndian, Class64);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), TaskSession | RelativeSymbols | MaxStack);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), ExeName | CommandLine | TaskInfo | ToolVersion);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(32), UftraceWriter.MaxDepth + 1);
        return header;
    }

    static string ExeOf(string commandLine) => commandLine.Split(' ')[0].Replace('"', '_') is { Length: > 0 } exe ? exe : "unknown";
}

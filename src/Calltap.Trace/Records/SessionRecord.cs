using System.Globalization;

namespace Calltap.Trace;

/// <summary>Where, when and of what a trace was taken. Stored as keys and values, so that versions may add more.</summary>
public sealed record SessionRecord : IRecord<SessionRecord>
{
    /// <summary>Host name.</summary>
    public string Machine { get; init; } = "";

    /// <summary>The "model name" of /proc/cpuinfo.</summary>
    public string CpuModel { get; init; } = "";

    /// <summary>Kernel release.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>The traced process.</summary>
    public Pid Target { get; init; }

    /// <summary>The target's command line, arguments separated by spaces.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Wall-clock start, in nanoseconds since 1970-01-01 UTC; 0 when unknown.</summary>
    public long StartedUnixNs { get; init; }

    /// <summary>What was to be traced, as the user was told.</summary>
    public string Scope { get; init; } = "";

    /// <summary>TSC ticks per second as the kernel or CPUID tells, used when the file has no two clock records; 0 when unknown.</summary>
    public long TscHz { get; init; }

    /// <summary>Version of the program that wrote the file.</summary>
    public string Tool { get; init; } = "";

    static ChunkType IRecord<SessionRecord>.Chunk => ChunkType.Session;

    void IRecord<SessionRecord>.Write(ByteWriter output)
    {
        (string Key, string Value)[] pairs =
        [
            ("machine", Machine), ("cpu", CpuModel), ("kernel", Kernel), ("command", CommandLine), ("scope", Scope), ("tool", Tool),
            ("pid", Target.Value.ToString(CultureInfo.InvariantCulture)),
            ("started_unix_ns", StartedUnixNs.ToString(CultureInfo.InvariantCulture)),
            ("tsc_hz", TscHz.ToString(CultureInfo.InvariantCulture)),
        ];
        output.Number((ulong)pairs.Length);
        foreach ((string key, string value) in pairs)
        {
            output.Text(key);
            output.Text(value);
        }
    }

    static SessionRecord IRecord<SessionRecord>.Read(ref ByteReader input)
    {
        var session = new SessionRecord();
        for (int left = input.Count(); left > 0; left--)
            session = session.With(input.Text(), input.Text());
        return session;
    }

    SessionRecord With(string key, string value) => key switch
    {
        "machine" => this with { Machine = value },
        "cpu" => this with { CpuModel = value },
        "kernel" => this with { Kernel = value },
        "command" => this with { CommandLine = value },
        "scope" => this with { Scope = value },
        "tool" => this with { Tool = value },
        "pid" => this with { Target = new Pid((int)Parse(value, int.MaxValue)) },
        "started_unix_ns" => this with { StartedUnixNs = Parse(value, long.MaxValue) },
        "tsc_hz" => this with { TscHz = Parse(value, 1L << 40) },
        _ => this,
    };

    // A value that makes no sense is an unknown one: metadata must not keep anybody from reading the events.
    static long Parse(string value, long max) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= max ? number : 0;
}

using System.Globalization;
using System.Text;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Fuzz.Targets;

/// <summary>The text of /proc/PID/maps and status: paths and names in it are the target's.</summary>
sealed class MapsTarget : IFuzzTarget
{
    const string Maps = """
        555555554000-555555558000 r--p 00000000 fe:01 1311093                    /usr/bin/cat
        555555558000-55555555d000 r-xp 00004000 fe:01 1311093                    /usr/bin/cat
        55555555d000-555555560000 r--p 00009000 fe:01 1311093                    /usr/bin/cat
        555555560000-555555561000 rw-p 0000b000 fe:01 1311093                    /usr/bin/cat (deleted)
        555555561000-555555582000 rw-p 00000000 00:00 0                          [heap]
        7ffff7c00000-7ffff7c26000 r--p 00000000 fe:01 1311194                    /usr/lib/a b\012c.so
        7ffff7c26000-7ffff7d7c000 r-xp 00026000 fe:01 1311194                    /usr/lib/a b\012c.so
        7ffff7fc9000-7ffff7fcd000 r--s 00000000 00:01 5                          /memfd:calltap-session (deleted)
        7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]

        """;

    const string Status = """
        Name:	cat
        Umask:	0022
        State:	S (sleeping)
        Tgid:	4242
        Pid:	4242
        PPid:	1
        TracerPid:	0
        Uid:	0	0	0	0
        NStgid:	4242	1
        NSpid:	4242	1
        VmSize:	    5520 kB
        VmLck:	       0 kB
        Threads:	1
        SigBlk:	0000000000000000
        SigCgt:	0000000000000440
        NoNewPrivs:	0
        Seccomp:	0
        x86_Thread_features:	shstk
        """;

    static readonly LoadSegment[] s_segments =
    [
        new(new(0), new(0x3500), new(0), new(0x3500), true, false, false), new(new(0x4000), new(0x4a00), new(0x4000), new(0x4a00), true, false, true),
        new(new(0x26000), new(0x156000), new(0x26000), new(0x156000), true, false, true), new(new(ulong.MaxValue - 0xfff), new(0xfff), new(0xff0), new(0x10), true, true, true),
    ];

    public string Name => "maps";

    public int MaxInput => 64 << 10;

    public InputLimits Limits => new(TimeSpan.FromSeconds(1), 64 << 20);

    public IReadOnlyList<byte[]> MakeSeeds() => [Encoding.UTF8.GetBytes(Maps), Encoding.UTF8.GetBytes(Status), [.. Enumerable.Repeat(Encoding.UTF8.GetBytes(Maps), 20).SelectMany(m => m)]];

    public byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        List<string> lines = [.. Encoding.Latin1.GetString(input).Split('\n')];
        string[] others = Encoding.Latin1.GetString(other).Split('\n');
        for (int count = random.Next(1, 6); count > 0; count--)
        {
            int at = random.Next(lines.Count);
            if (random.Next(5) == 0) lines.Insert(at, others[random.Next(others.Length)]);
            else if (random.Next(6) == 0 && lines.Count > 1) lines.RemoveAt(at);
            else lines[at] = Field(lines[at], random);
        }
        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    public byte[] Repair(byte[] input) => input;

    public void Execute(byte[] input)
    {
        ProcStatus.Parse(Encoding.UTF8.GetString(input));
        try
        {
            IReadOnlyList<MemoryMapping> mappings = ProcMaps.Parse(input);
            LoadBias.Find(mappings, s_segments);
            LoadBias.Find(mappings, [.. mappings.Take(200).Select(m => new LoadSegment(new(m.Start.Value), m.Size, m.Offset, m.Size, true, false, true))]);
        }
        catch (ElfFormatException)
        {
            // a line that is no mapping
        }
    }

    static string Field(string line, Random random)
    {
        char[] marks = [' ', '-', ':'];
        int mark = line.IndexOfAny(marks, line.Length == 0 ? 0 : random.Next(line.Length));
        int end = mark < 0 ? -1 : line.IndexOfAny(marks, mark + 1);
        string number = Mutator.Number(random).ToString(random.Next(2) == 0 ? "x" : "d", CultureInfo.InvariantCulture);
        return mark < 0 ? number + line : string.Concat(line.AsSpan(0, mark + 1), number, end < 0 ? "" : line.AsSpan(end));
    }
}

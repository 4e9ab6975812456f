using System.IO.MemoryMappedFiles;

namespace Managed;

/// <summary>The file through which a test speaks with the program: 64-bit words, and the tally from byte 4096 on. ManagedProgram has the other side.</summary>
static unsafe class Control
{
    public const int Run = 0, Pause = 1, End = 2;

    static long* s_words;
    static string s_path = "";

    public static long Command => Volatile.Read(ref s_words[0]);

    /// <summary>Whether methods may be called that were not called before.</summary>
    public static bool IsLate => Volatile.Read(ref s_words[5]) != 0;

    /// <summary>Every worker has done each of its kinds once.</summary>
    public static void SetReady() => Volatile.Write(ref s_words[1], 1);

    public static void CountRound() => Interlocked.Increment(ref s_words[4]);

    public static void Open(string path)
    {
        s_path = path;
        // Never unmapped: workers count until the process ends.
        var view = MemoryMappedFile.CreateFromFile(path, FileMode.Open).CreateViewAccessor();
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        s_words = (long*)start;
        AppContext.SetData(Tally.DataName, (nint)(start + 4096));
    }

    /// <summary>Writes the counts; until <see cref="SetRunning"/> no worker is in a counted method.</summary>
    public static void SetPaused()
    {
        Tally.Write(s_path + ".counts");
        Volatile.Write(ref s_words[2], 1);
    }

    public static void SetRunning() => Volatile.Write(ref s_words[2], 0);

    /// <summary>A result was not what it must be.</summary>
    public static void Wrong(string what)
    {
        if (Interlocked.Increment(ref s_words[3]) <= 20) Console.Error.WriteLine($"wrong: {what}");
    }
}

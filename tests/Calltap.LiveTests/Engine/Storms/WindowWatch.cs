using System.Collections.Concurrent;
using System.Diagnostics;
using Calltap.Code.Emit;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.LiveTests.Engine.Storms;

/// <summary>Watches from outside how far the window of a session in another process is, by its table in the target.</summary>
sealed class WindowWatch(TargetProcess target)
{
    static readonly ConcurrentDictionary<string, ModuleSymbols> s_files = [];

    readonly TargetAddress _table = LeftSession.Find(target)!.WindowTable;

    /// <summary>The state of the table (<see cref="WindowTableLayout"/>).</summary>
    public byte State => Read(_table + WindowTableLayout.State);

    /// <summary>Breakpoints that the handler in the target has answered.</summary>
    public long Answered
    {
        get
        {
            Span<byte> word = stackalloc byte[sizeof(long)];
            Assert.Equal(word.Length, target.ReadMemory(_table + WindowTableLayout.Answered, word));
            return BitConverter.ToInt64(word);
        }
    }

    /// <summary>Returns as soon as a window is in this state.</summary>
    public void Await(byte state)
    {
        Deadline patience = Deadline.In(EngineTests.Patience);
        while (State != state) Assert.False(patience.IsPast, $"no window comes to state {state}");
    }

    /// <summary>Returns somewhere in the state of a window.</summary>
    public void AwaitSomewhere(byte state, Random random)
    {
        Await(state);
        long until = Stopwatch.GetTimestamp() + random.NextInt64(Stopwatch.Frequency / (random.Next(4) == 0 ? 1000 : 10_000));
        while (Stopwatch.GetTimestamp() < until && State == state) { }
    }

    /// <summary>Breakpoints in the text that are not in the file.</summary>
    public static int CountBreakpoints(TargetProcess target, TargetModule module)
    {
        int count = 0;
        var live = new byte[module.End - module.Start];
        int read = target.ReadMemory(module.Start, live);
        ModuleSymbols symbols = s_files.GetOrAdd(module.Path, path => ModuleSymbolReader.Read(File.ReadAllBytes(path), path, _ => null));
        ReadOnlySpan<byte> file = symbols.BytesFrom(new ImageAddress((ulong)((long)module.Start.Value - module.LoadBias))).Span;
        for (int i = 0; i < Math.Min(read, file.Length); i++)
            if (live[i] == PatchBytes.Int3 && file[i] != PatchBytes.Int3) count++;
        return count;
    }

    byte Read(TargetAddress address)
    {
        Span<byte> one = stackalloc byte[1];
        return target.ReadMemory(address, one) == 1 ? one[0] : WindowTableLayout.Closed;
    }
}

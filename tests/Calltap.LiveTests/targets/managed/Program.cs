namespace Managed;

/// <summary>managed CONTROL THREADS KIND...: threads that call counted methods of all the kinds in turn, and stop where they are told to.</summary>
static class Program
{
    static readonly Dictionary<string, Func<int, bool>> s_kinds = new()
    {
        ["plain"] = Plain.Round, ["gc"] = Memory.Round, ["exceptions"] = Exceptions.Round, ["nre"] = Nulls.Round, ["recursion"] = Recursion.Round,
        ["tail"] = Tail.Round, ["generics"] = Generics.Round, ["dispatch"] = Dispatch.Round, ["spans"] = Spans.Round, ["async"] = Async.Round,
        ["iterators"] = Iterators.Round, ["dynamic"] = Dynamic.Round, ["collectible"] = Collectible.Round, ["tiering"] = Tiering.Round, ["osr"] = Osr.Round,
        ["native"] = Native.Round, ["late"] = Late.Round,
    };

    static volatile bool s_paused, s_ended;
    static int s_parked, s_ready;

    static int Main(string[] args)
    {
        Control.Open(args[0]);
        return Run(int.Parse(args[1]), args.Length > 2 ? args[2..] : [.. s_kinds.Keys]);
    }

    static int Run(int workers, string[] kinds)
    {
        List<Thread> threads = [.. Enumerable.Range(0, workers).Select(i => new Thread(() => Work(i, kinds)) { Name = $"works-under-a-long-name-{i}" })];
        if (kinds.Contains("gc")) threads.Add(new Thread(Storm));
        threads.ForEach(thread => thread.Start());
        for (; Control.Command != Control.End; Thread.Sleep(1)) Obey(workers, threads.Count);
        (s_ended, s_paused) = (true, false);
        threads.ForEach(thread => thread.Join());
        return 0;
    }

    static void Obey(int workers, int threads)
    {
        if (Volatile.Read(ref s_ready) == workers) Control.SetReady();
        bool isWanted = Control.Command == Control.Pause;
        if (isWanted == s_paused) return;
        s_paused = isWanted;
        while (Volatile.Read(ref s_parked) != (isWanted ? threads : 0)) Thread.Sleep(1);
        if (isWanted) Control.SetPaused();
        else Control.SetRunning();
    }

    static void Work(int index, string[] kinds)
    {
        for (int round = 0; !s_ended; round++)
        {
            Once(kinds[(index + round) % kinds.Length], (round * 64) + index);
            Control.CountRound();
            if (round == kinds.Length) Interlocked.Increment(ref s_ready);
            if (Control.IsLate && round % 64 == 0) Thread.CurrentThread.Name = $"late-{index}"; // while it runs, and again
            Park();
        }
    }

    static void Once(string kind, int seed)
    {
        try
        {
            if (!s_kinds[kind](seed)) Control.Wrong($"{kind} with {seed}");
        }
        catch (Exception e)
        {
            Control.Wrong($"{kind} with {seed}: {e}");
        }
    }

    static void Park()
    {
        if (!s_paused) return;
        Interlocked.Increment(ref s_parked);
        while (s_paused) Thread.Sleep(1);
        Interlocked.Decrement(ref s_parked);
    }

    /// <summary>Collects all the time, also compacting, so that threads are suspended wherever they are and every object moves.</summary>
    static void Storm()
    {
        for (int i = 0; !s_ended; i++)
        {
            if (i % 8 == 7) GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            else GC.Collect(i % 3);
            Thread.Sleep(1);
            Park();
        }
    }
}

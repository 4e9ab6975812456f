using Calltap.Code;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;
using Calltap.Trace;
using SiteKind = Calltap.Code.SiteKind;
using TraceSiteKind = Calltap.Trace.SiteKind;

namespace Calltap.Recording;

/// <summary>
/// Puts a session into a trace file. Events come from the drain's thread, descriptions from the session's: one lock.
/// </summary>
sealed class TraceFileSink : IEventSink, IDisposable
{
    readonly Lock _lock = new();
    readonly TraceSession _session;
    readonly TraceWriter _writer;
    readonly TimeStampCounter _clock = new();
    readonly HashSet<Tid> _threads = [];
    readonly HashSet<FunctionId> _described = [];
    readonly Dictionary<int, long> _loadBiases = []; // of modules that are described

    public TraceFileSink(TraceSession session, Stream file, string scope)
    {
        _session = session;
        _writer = new TraceWriter(file);
        _writer.WriteSession(Machine.Describe(session.Target, scope));
        DescribeModules(session.Catalog.Modules);
        WriteClock();
    }

    /// <summary>Bytes in the file.</summary>
    public ByteSize Written
    {
        get { lock (_lock) return _writer.Written; }
    }

    /// <summary>The time now.</summary>
    public TscTime Now => _clock.Now;

    void DescribeModules(IEnumerable<TargetModule> modules)
    {
        List<TargetModule> fresh = [.. modules.Where(m => !_loadBiases.TryGetValue(m.Id, out long bias) || bias != m.LoadBias)];
        foreach (TargetModule module in fresh) _loadBiases[module.Id] = module.LoadBias;
        _writer.WriteModules([.. fresh.Select(Module)]);
    }

    /// <summary>Describes functions, their sites and their modules, before any event can name them.</summary>
    public void Describe(IReadOnlyList<FunctionSites> functions)
    {
        lock (_lock)
        {
            DescribeModules(functions.Select(f => f.Function.Module).DistinctBy(m => m.Id));
            List<FunctionSites> fresh = [.. functions.Where(f => _described.Add(f.Function.Id))];
            _writer.WriteFunctions([.. fresh.Select(f => Function(f.Function, f.Function.Plan.AllExitsPatchable))]);
            _writer.WriteSites([.. fresh.SelectMany(Sites)]);
        }
    }

    /// <summary>Describes functions again, as such with exits that make no event.</summary>
    public void MarkIncomplete(IEnumerable<FunctionId> functions)
    {
        FunctionRecord[] records = [.. functions.Distinct().Select(id => Function(_session.Catalog.Functions[id.Value], allExitsPatched: false))];
        if (records.Length == 0) return;
        lock (_lock) _writer.WriteFunctions(records);
    }

    /// <summary>Notes that functions were armed or disarmed.</summary>
    public void Arming(ArmingRecord record)
    {
        lock (_lock) _writer.WriteArming(record);
    }

    /// <summary>A point of the calibration.</summary>
    public void WriteClock()
    {
        (TscTime tsc, MonotonicNs ns) = _clock.Together();
        lock (_lock) _writer.WriteClock(new ClockRecord(tsc, ns));
    }

    /// <inheritdoc/>
    public void Events(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        lock (_lock)
        {
            if (_threads.Add(thread)) _writer.WriteThreads([new ThreadRecord(thread, NameOf(thread))]);
            _writer.WriteEvents(thread, events);
        }
    }

    /// <inheritdoc/>
    public void Lost(Tid thread, long entries, long exits, long holes)
    {
        lock (_lock) _writer.WriteLost(new LostRecord(thread, _clock.Now, entries, exits, holes));
    }

    /// <summary>Writes what waits, the last calibration point and the index.</summary>
    public void Finish()
    {
        WriteClock();
        lock (_lock) _writer.Finish();
    }

    /// <summary>Writes what waits.</summary>
    public void Flush()
    {
        lock (_lock) _writer.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _clock.Dispose();
    }

    string NameOf(Tid thread) =>
        ProcFiles.TryReadText(ProcFiles.Thread(_session.Target.Pid, thread, "comm"))?.TrimEnd('\n') ?? "";

    static ModuleRecord Module(TargetModule module) =>
        new(module.Id, module.Path, module.Contents.BuildId ?? "", module.LoadBias, module.Start, module.End);

    static FunctionRecord Function(TargetFunction function, bool allExitsPatched)
    {
        string symbol = function.Symbol.Name ?? function.Name;
        return new FunctionRecord(
            function.Id, function.Module.Id, function.Symbol.Address, function.Symbol.Size, symbol,
            function.Name == symbol ? "" : function.Name,
            allExitsPatched ? FunctionFlags.AllExitsPatched : FunctionFlags.None);
    }

    static IEnumerable<SiteRecord> Sites(FunctionSites sites)
    {
        FunctionId function = sites.Function.Id;
        yield return new SiteRecord(sites.Entry.Id, function, TraceSiteKind.Entry);
        if (sites.Entry.ExitId.Value != 0)
            yield return new SiteRecord(sites.Entry.ExitId, function, CombinedExit(sites.Entry));
        foreach (Site exit in sites.Exits)
            yield return new SiteRecord(exit.Id, function, exit.Plan.Kind == SiteKind.Return ? TraceSiteKind.Exit : TraceSiteKind.TailExit);
    }

    /// <summary>A return, unless it is a jump: C3, C2 iw, or F3 C3.</summary>
    static TraceSiteKind CombinedExit(Site site)
    {
        ReadOnlySpan<byte> transfer = site.Region.Span[site.Plan.TransferOffset..];
        bool returns = transfer[0] is 0xc3 or 0xc2 || (transfer[0] == 0xf3 && transfer.Length > 1 && transfer[1] == 0xc3);
        return returns ? TraceSiteKind.Exit : TraceSiteKind.TailExit;
    }
}

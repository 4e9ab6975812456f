using System.Diagnostics;
using Calltap.Code;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Sessions;
using Calltap.Target;
using Calltap.Trace;
using SiteKind = Calltap.Code.SiteKind;
using TraceSiteKind = Calltap.Trace.SiteKind;

namespace Calltap.Recording;

/// <summary>Puts a session into a trace file. Descriptions come from the session's thread, events from the drain's.</summary>
sealed class SessionSink : IEventSink
{
    /// <summary>Names are read again this often: some ten microseconds each.</summary>
    static readonly long s_renaming = Stopwatch.Frequency / 4;

    readonly TraceFile _file;
    readonly TraceSession _session;
    readonly bool _isFirst; // the ids are taken from it
    readonly int _process;
    readonly Dictionary<Tid, Tid> _threads = []; // their ids in the file
    readonly Dictionary<Tid, (string Name, long Read)> _names = []; // as the file has them, and when they were looked at
    readonly HashSet<FunctionId> _described = [];
    readonly Dictionary<FunctionId, FunctionId> _functions = []; // ids in the file, where they differ
    readonly ArmedVersions _armed = new();
    readonly Dictionary<int, (long LoadBias, TargetAddress Start)> _modules = []; // described, by their id in the file
    volatile uint[] _sites = []; // ids in the file by the session's; written before a site is armed
    TraceEvent[] _translated = [];

    /// <summary>Adds a session to a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="session">The session.</param>
    /// <param name="parent">The session of the process that forked it, or of the program before; null when it is none of the file's.</param>
    public SessionSink(TraceFile file, TraceSession session, SessionSink? parent)
    {
        (_file, _session) = (file, session);
        _process = file.Add(id => Machine.Describe(session.Target, id, parent?._process ?? 0, file.Now));
        _isFirst = _process == 1;
        if (_isFirst) file.Ids.Reserve(session.MaxFunctions, session.MaxSites);
    }

    /// <summary>Describes what is known already.</summary>
    public void Begin()
    {
        DescribeModules(_session.Catalog.Modules);
        NoteContinuations(_session.Catalog.Modules);
        Describe([.. _session.Sites.Values.Where(f => f.Armed.Any)]);
    }

    /// <summary>The time now.</summary>
    public TscTime Now => _file.Now;

    void DescribeModules(IEnumerable<TargetModule> modules)
    {
        var fresh = new List<ModuleRecord>();
        foreach (TargetModule module in modules)
        {
            int id = _file.Ids.Of(module, _isFirst ? module.Id : null);
            var place = (module.LoadBias, module.Start);
            if (_modules.TryGetValue(id, out (long, TargetAddress) known) && (known == place || module.Contents.IsCompiled)) continue;
            _modules[id] = place;
            fresh.Add(new ModuleRecord(id, module.Path, module.Contents.BuildId ?? "", module.LoadBias, module.Start, module.End));
        }
        _file.Write(writer => writer.WriteModules(fresh));
    }

    /// <summary>Describes functions, their sites and their modules, before any event can name them.</summary>
    public void Describe(IReadOnlyList<FunctionSites> functions)
    {
        DescribeModules(functions.Select(f => f.Function.Module).DistinctBy(m => m.Id));
        var records = new List<FunctionRecord>();
        var sites = new List<SiteRecord>();
        foreach (FunctionSites function in functions.Where(f => _described.Add(f.Function.Id)))
        {
            FunctionInFile inFile = _file.Ids.Of(function, _isFirst);
            if (inFile.Id != function.Function.Id) _functions[function.Function.Id] = inFile.Id;
            if (inFile.FirstSite != function.Entry.Id.Value) Translate(function, inFile.FirstSite);
            bool isComplete = function.Function.Plan.AllExitsPatchable && !_file.Ids.IsContinued(function.Function, _isFirst);
            if (inFile.IsNew | (!isComplete && _file.Ids.MarkIncomplete(inFile.Id))) records.Add(Record(function.Function, isComplete));
            if (inFile.HasNewSites) sites.AddRange(Sites(function, inFile.Id, inFile.FirstSite));
        }
        _file.Write(writer =>
        {
            writer.WriteFunctions(records);
            writer.WriteSites(sites);
        });
    }

    /// <summary>A method that runs for long may go on in code that was compiled for the rest of its call: then its exit is not seen.</summary>
    public void NoteContinuations(IEnumerable<TargetModule> modules)
    {
        var records = new List<FunctionRecord>();
        foreach (TargetFunction rest in modules.Where(module => module.Contents.IsCompiled).SelectMany(_session.Catalog.FunctionsOf).Where(f => f.Plan.EntryRefusal == RefusalReason.EnteredByNoCall))
        {
            if (_file.Ids.Continue(rest, _isFirst) is not { } method || !_file.Ids.MarkIncomplete(method)) continue;
            _functions[rest.Id] = method;
            records.Add(Record(rest, allExitsPatched: false));
        }
        if (records.Count > 0) _file.Write(writer => writer.WriteFunctions(records));
    }

    void Translate(FunctionSites function, uint firstSite)
    {
        uint first = function.Entry.Id.Value, end = first + function.SiteIds;
        uint[] table = _sites;
        if (end > table.Length) Array.Resize(ref table, (int)Math.Max(end, 2 * table.Length));
        for (uint site = first; site < end; site++) table[site] = firstSite + (site - first);
        _sites = table;
    }

    FunctionId Translated(FunctionId function) => _functions.GetValueOrDefault(function, function);

    /// <summary>Describes functions again, as such with exits that make no event.</summary>
    public void MarkIncomplete(IEnumerable<FunctionId> functions)
    {
        FunctionRecord[] records =
            [.. functions.Where(id => _file.Ids.MarkIncomplete(Translated(id))).Select(id => Record(_session.Catalog.Functions[id.Value], allExitsPatched: false))];
        if (records.Length > 0) _file.Write(writer => writer.WriteFunctions(records));
    }

    /// <summary>Notes that functions were armed or disarmed.</summary>
    public void Arming(ArmingRecord record)
    {
        IReadOnlyList<FunctionId> functions = _armed.Note(record.Kind, [.. record.Functions.Select(id => (id, Translated(id)))]);
        if (functions.Count > 0 || record.Sites > 0) _file.Write(writer => writer.WriteArming(record with { Functions = functions }));
    }

    /// <inheritdoc/>
    public void Events(Tid thread, ReadOnlySpan<TraceEvent> events)
    {
        Tid id = IdOf(thread);
        NoteName(thread, id);
        _file.WriteEvents(id, _sites.Length == 0 ? events : Translated(events));
    }

    /// <summary>Threads get names, and others, while they run.</summary>
    void NoteName(Tid thread, Tid id)
    {
        long now = Stopwatch.GetTimestamp();
        if (thread.Value == 0 || !_names.TryGetValue(thread, out (string Name, long Read) known) || now - known.Read < s_renaming) return;
        string name = NameOf(thread);
        if (name.Length == 0) name = known.Name; // it has ended
        _names[thread] = (name, now);
        if (name != known.Name) _file.Write(writer => writer.WriteThreads([new ThreadRecord(id, name)]));
    }

    /// <summary>A site that was never described stays as it is: nothing of ours wrote it.</summary>
    ReadOnlySpan<TraceEvent> Translated(ReadOnlySpan<TraceEvent> events)
    {
        if (_translated.Length < events.Length) _translated = new TraceEvent[events.Length];
        uint[] table = _sites;
        for (int i = 0; i < events.Length; i++)
        {
            uint site = events[i].Site.Value;
            _translated[i] = site < table.Length && table[site] != 0 ? events[i] with { Site = new SiteId(table[site]) } : events[i];
        }
        return _translated.AsSpan(0, events.Length);
    }

    /// <inheritdoc/>
    public void Lost(Tid thread, long entries, long exits, long holes)
    {
        var lost = new LostRecord(IdOf(thread), _file.Now, entries, exits, holes);
        _file.Write(writer => writer.WriteLost(lost));
    }

    Tid IdOf(Tid thread)
    {
        if (_threads.TryGetValue(thread, out Tid known)) return known;
        Tid id = _threads[thread] = _file.IdOf(thread, _process);
        string name = NameOf(thread);
        _names[thread] = (name, Stopwatch.GetTimestamp());
        _file.Write(writer =>
        {
            if (thread.Value != 0) writer.WriteThreads([new ThreadRecord(id, name)]);
            writer.WriteTasks([new TaskRecord(id, thread, _process)]);
        });
        return id;
    }

    string NameOf(Tid thread) =>
        ProcFiles.TryReadText(ProcFiles.Thread(_session.Target.Pid, thread, "comm"))?.TrimEnd('\n') ?? "";

    FunctionRecord Record(TargetFunction function, bool allExitsPatched)
    {
        string symbol = function.Symbol.Name ?? function.Name;
        return new FunctionRecord(
            Translated(function.Id), _file.Ids.Of(function.Module, _isFirst ? function.Module.Id : null), function.Symbol.Address, function.Symbol.Size, symbol,
            function.Name == symbol ? "" : function.Name,
            allExitsPatched ? FunctionFlags.AllExitsPatched : FunctionFlags.None);
    }

    static IEnumerable<SiteRecord> Sites(FunctionSites sites, FunctionId function, uint firstSite)
    {
        uint first = sites.Entry.Id.Value;
        yield return new SiteRecord(InFile(sites.Entry.Id), function, sites.Function.Plan.IsGo ? TraceSiteKind.EntryAlone : TraceSiteKind.Entry);
        if (sites.Entry.ExitId.Value != 0)
            yield return new SiteRecord(InFile(sites.Entry.ExitId), function, CombinedExit(sites.Entry));
        foreach (Site exit in sites.Exits)
            yield return new SiteRecord(InFile(exit.Id), function, exit.Plan.Kind == SiteKind.Return ? TraceSiteKind.Exit : TraceSiteKind.TailExit);

        SiteId InFile(SiteId site) => new(firstSite + (site.Value - first));
    }

    /// <summary>A return, unless it is a jump: C3, C2 iw, or F3 C3.</summary>
    static TraceSiteKind CombinedExit(Site site)
    {
        ReadOnlySpan<byte> transfer = site.Region.Span[site.Plan.TransferOffset..];
        bool returns = transfer[0] is 0xc3 or 0xc2 || (transfer[0] == 0xf3 && transfer.Length > 1 && transfer[1] == 0xc3);
        return returns ? TraceSiteKind.Exit : TraceSiteKind.TailExit;
    }
}

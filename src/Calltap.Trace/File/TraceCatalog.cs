namespace Calltap.Trace;

/// <summary>Everything a trace file says besides its events. Filled while the file is opened.</summary>
public sealed class TraceCatalog
{
    readonly Dictionary<int, ModuleRecord> _modules = [];
    readonly Dictionary<FunctionId, FunctionRecord> _functions = [];
    readonly Dictionary<Tid, ThreadRecord> _threads = [];
    readonly Dictionary<int, ProcessRecord> _processes = [];
    readonly Dictionary<Tid, TaskRecord> _tasks = [];
    readonly Dictionary<Tid, LostRecord> _lost = [];
    readonly List<ClockRecord> _clocks = [];
    readonly List<ArmingRecord> _arming = [];

    readonly RecordBudget _budget;

    internal TraceCatalog(RecordBudget budget) => _budget = budget;

    /// <summary>Where and of what the trace was taken; empty when the file was cut before it.</summary>
    public SessionRecord Session { get; private set; } = new();

    /// <summary>Modules by id.</summary>
    public IReadOnlyDictionary<int, ModuleRecord> Modules => _modules;

    /// <summary>Functions by id.</summary>
    public IReadOnlyDictionary<FunctionId, FunctionRecord> Functions => _functions;

    /// <summary>Names of threads.</summary>
    public IReadOnlyDictionary<Tid, ThreadRecord> Threads => _threads;

    /// <summary>The programs that the traced processes ran, by their id in the file.</summary>
    public IReadOnlyDictionary<int, ProcessRecord> Processes => _processes;

    /// <summary>What the ids of threads stand for; one that is not here is a thread of the one process.</summary>
    public IReadOnlyDictionary<Tid, TaskRecord> Tasks => _tasks;

    /// <summary>The last loss record of each thread, so its totals.</summary>
    public IReadOnlyDictionary<Tid, LostRecord> Lost => _lost;

    /// <summary>Moments on both clocks, in file order.</summary>
    public IReadOnlyList<ClockRecord> Clocks => _clocks;

    /// <summary>Poke batches, in file order.</summary>
    public IReadOnlyList<ArmingRecord> Arming => _arming;

    /// <summary>What site ids mean.</summary>
    public SiteTable Sites { get; } = new();

    /// <summary>The clock by the first and last <see cref="Clocks"/>, or by the frequency in <see cref="Session"/>.</summary>
    public TraceClock Clock => TraceClock.From(_clocks, Session.TscHz);

    /// <summary>The thread's own id: that in the file may have been made.</summary>
    public Tid TidOf(Tid thread) => _tasks.TryGetValue(thread, out TaskRecord task) ? task.Tid : thread;

    /// <summary>The process that the thread belongs to.</summary>
    public Pid PidOf(Tid thread) => _tasks.TryGetValue(thread, out TaskRecord task) && _processes.TryGetValue(task.Process, out ProcessRecord? process) ? process.Pid : Session.Target;

    /// <summary>The name to show for a function, also for one that is not described.</summary>
    public string NameOf(FunctionId function) => _functions.TryGetValue(function, out FunctionRecord? record) ? record.DisplayName : $"function#{function}";

    /// <summary>The file name of a function's module; empty when it is not described.</summary>
    public string ModuleOf(FunctionId function)
    {
        if (!_functions.TryGetValue(function, out FunctionRecord? record) || !_modules.TryGetValue(record.Module, out ModuleRecord? module))
            return "";
        return module.Path[(module.Path.LastIndexOf('/') + 1)..];
    }

    /// <summary>Takes a record chunk; other types are passed over. Returns losses, which also have a place among the events.</summary>
    internal IReadOnlyList<LostRecord> Add(ChunkType type, ReadOnlySpan<byte> payload, BlockCodec codec, ChunkPlace place)
    {
        switch (type)
        {
            case ChunkType.Session:
                RecordChunk.Read<SessionRecord>(payload, codec, _budget, place).ForEach(r => Session = r);
                break;
            case ChunkType.Modules:
                RecordChunk.Read<ModuleRecord>(payload, codec, _budget, place).ForEach(r => _modules[r.Id] = r);
                break;
            case ChunkType.Functions:
                RecordChunk.Read<FunctionRecord>(payload, codec, _budget, place).ForEach(r => _functions[r.Id] = r);
                break;
            case ChunkType.Sites:
                RecordChunk.Read<SiteRecord>(payload, codec, _budget, place).ForEach(Sites.Add);
                break;
            case ChunkType.Threads:
                RecordChunk.Read<ThreadRecord>(payload, codec, _budget, place).ForEach(r => _threads[r.Id] = r);
                break;
            case ChunkType.Processes:
                RecordChunk.Read<ProcessRecord>(payload, codec, _budget, place).ForEach(r => _processes[r.Id] = r);
                break;
            case ChunkType.Tasks:
                RecordChunk.Read<TaskRecord>(payload, codec, _budget, place).ForEach(r => _tasks[r.Thread] = r);
                break;
            case ChunkType.Clock:
                _clocks.AddRange(RecordChunk.Read<ClockRecord>(payload, codec, _budget, place));
                break;
            case ChunkType.Arming:
                List<ArmingRecord> arming = RecordChunk.Read<ArmingRecord>(payload, codec, _budget, place);
                _budget.Take(arming.Sum(r => r.Functions.Count), 0, place);
                _arming.AddRange(arming);
                break;
            case ChunkType.Lost:
                List<LostRecord> lost = RecordChunk.Read<LostRecord>(payload, codec, _budget, place);
                lost.ForEach(r => _lost[r.Thread] = r);
                return lost;
        }

        return [];
    }
}

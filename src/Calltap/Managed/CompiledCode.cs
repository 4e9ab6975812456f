using Calltap.Code;
using Calltap.Code.Managed;
using Calltap.Modules;
using Calltap.Native;
using Calltap.Probes;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>
/// The methods that a .NET runtime has compiled, and those that it compiles from now on: every version of a method is a function of its own, with the method's name. One thread.
/// </summary>
sealed class CompiledCode : IDisposable
{
    const string DynamicType = "dynamicClass.";
    const string Continuation = "OptimizedTier1OSR"; // replaces the rest of a call that runs already: it is entered by no call

    readonly TargetProcess _target;
    readonly CompiledBodies _told;
    readonly CodeImage _image;
    readonly SortedList<TargetAddress, TargetAddress> _bodies = []; // ends by starts
    IReadOnlyList<MemoryMapping> _mappings = [];
    bool _isWrittenThroughFile; // in one step each: code that is freed at any time can be changed no other way
    readonly List<MonotonicNs> _unarmed = []; // when they were told
    readonly List<long> _times = []; // ns from there until they were armed
    AssemblyPaths _paths = AssemblyPaths.Of([], null);

    CompiledCode(TargetProcess target, CompiledBodies told) => (_target, _told, _image) = (target, told, new CodeImage(target));

    /// <summary>Whether a process is one of .NET, by what it has mapped.</summary>
    public static bool IsIn(IReadOnlyList<MemoryMapping> mappings) =>
        mappings.Any(m => m.IsExecutable && (m.Path.EndsWith("/libcoreclr.so", StringComparison.Ordinal) || CodeFile.IsMapped(m)));

    /// <summary>Asks the runtime for what it has compiled.</summary>
    /// <exception cref="DiagnosticsException">It does not tell.</exception>
    public static CompiledCode Open(TargetProcess target, bool unloadsNothing) => new(target, CompiledBodies.Open(target, unloadsNothing));

    /// <summary>What the user is told of what can't be followed; null when all can.</summary>
    public string? Note => _told.Note;

    /// <summary>Whether the runtime tells it because it was asked to.</summary>
    public bool IsAsked => _told.IsAsked;

    /// <summary>Whether it tells of them.</summary>
    public bool Tells => _told.Note is null;

    /// <summary>Whether something was compiled since.</summary>
    public bool HasNew => _told.HasNew;

    /// <summary>
    /// What was compiled since, by the path of its assembly's file, where one is mapped; and the addresses at which other code was before, which is gone with its collectible
    /// assembly or its dynamic method.
    /// </summary>
    /// <param name="isWanted">Whether an assembly, by its path, is looked at.</param>
    public (IReadOnlyList<CompiledMethods> Come, IReadOnlySet<ulong> Replaced) Read(Func<string, bool> isWanted)
    {
        IReadOnlyList<CompiledBody> bodies = _told.ReadNew();
        var replaced = new HashSet<ulong>();
        var byPath = new Dictionary<string, List<AnalyzedFunction>>();
        if (!bodies.All(IsInKnown)) ReadMappings();
        foreach (CompiledBody body in bodies)
        {
            Replace(body, replaced);
            if (body.Name is not { } name) continue;
            string path = _paths.Of(name.Assembly);
            if (!isWanted(path)) continue;
            _unarmed.Add(body.Told);
            if (!byPath.TryGetValue(path, out List<AnalyzedFunction>? functions)) byPath.Add(path, functions = []);
            functions.Add(Analyze(body, name, functions.Count));
        }
        return ([.. byPath.Select(group => CompiledMethods.Of(group.Key, group.Value, _mappings))], replaced);
    }

    /// <summary>What was read so far is armed: lets go whoever waits for that.</summary>
    public void Release()
    {
        _told.Release();
        MonotonicNs now = Clock.Now();
        foreach (MonotonicNs told in _unarmed) _times.Add(now.Value - told.Value);
        _unarmed.Clear();
    }

    /// <summary>What was read so far does not count.</summary>
    public void ForgetTimes() => _unarmed.Clear();

    /// <summary>How soon that was.</summary>
    public CompiledWaits Waits => CompiledWaits.Of(_times, _told.Waited);

    /// <summary>Has those that compile what is wanted wait until it is armed, where that is possible.</summary>
    /// <param name="isWanted">Whether a method, by its names and the path of its assembly's file, is; asked by any thread. Null for nobody.</param>
    public void WaitFor(Func<FunctionNames, string, bool>? isWanted) => _told.Waits = isWanted is null ? null : name =>
        RefusalOf(name, isCollectible: false, isHeld: true) == RefusalReason.None && isWanted(new FunctionNames(name.Name, [name.Plain]) { IsManaged = true }, Volatile.Read(ref _paths).Of(name.Assembly));

    /// <summary>Reading what is mapped takes a millisecond, for which a method that was just compiled waits.</summary>
    bool IsInKnown(CompiledBody body) =>
        _mappings.Any(m => m.IsExecutable && m.Contains(body.Start)) && (body.Name is not { } name || _paths.Knows(name.Assembly));

    void ReadMappings()
    {
        _mappings = _target.ReadMappings();
        Volatile.Write(ref _isWrittenThroughFile, _mappings.Any(CodeFile.IsMapped));
        _paths = AssemblyPaths.Of(_mappings, _target.SingleFile);
    }

    /// <summary>What was told of an address before is over, wherever the new code touches it.</summary>
    void Replace(CompiledBody body, HashSet<ulong> replaced)
    {
        TargetAddress end = body.Start + body.Size;
        for (int i = FirstBehind(body.Start); i < _bodies.Count && _bodies.GetKeyAtIndex(i) < end;)
        {
            replaced.Add(_bodies.GetKeyAtIndex(i).Value);
            _bodies.RemoveAt(i);
        }
        _bodies[body.Start] = end;
    }

    /// <summary>The first body that ends behind an address.</summary>
    int FirstBehind(TargetAddress address)
    {
        int low = 0, high = _bodies.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_bodies.GetValueAtIndex(middle) <= address) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    AnalyzedFunction Analyze(CompiledBody body, ManagedName name, int index)
    {
        var address = new ImageAddress(body.Start.Value);
        RefusalReason refusal = RefusalOf(name, body.IsCollectible, body.IsHeld);
        FunctionPlan plan = refusal != RefusalReason.None
            ? new FunctionPlan(index, null, refusal, [], 0, [], HasUnknownExits: true)
            : ManagedAnalyzer.Analyze(index, new ManagedMethod(address, body.Size, body.Size), _image, new ManagedTraits(IsReadyToRun: false, ForwardsFaults: true));
        bool isTransient = IsDynamic(name);
        if (isTransient) plan = TransientSites.Of(plan);
        var symbol = new ImageFunction(address, new ByteSize(body.Size), name.Name, [name.Plain], FunctionSource.Compiled, []) { Tier = name.Tier.Length > 0 ? name.Tier : null, IsTransient = isTransient };
        return new AnalyzedFunction(symbol, name.Name, plan);
    }

    RefusalReason RefusalOf(ManagedName name, bool isCollectible, bool isHeld) => isCollectible ? RefusalReason.CollectibleAssembly
        : name.Tier == Continuation ? RefusalReason.EnteredByNoCall
        : IsDynamic(name) && !(isHeld && _told.CanHold && Volatile.Read(ref _isWrittenThroughFile)) ? RefusalReason.DynamicMethod
        : RefusalReason.None;

    static bool IsDynamic(ManagedName name) => name.Plain.StartsWith(DynamicType, StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => _told.Dispose();
}

using Calltap.Code;
using Calltap.Code.Managed;
using Calltap.Modules;
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
    readonly PerfMap _map;
    readonly CodeImage _image;
    readonly SortedList<TargetAddress, TargetAddress> _bodies = []; // ends by starts
    IReadOnlyList<MemoryMapping> _mappings = [];

    CompiledCode(TargetProcess target, PerfMap map) => (_target, _map, _image) = (target, map, new CodeImage(target));

    /// <summary>Whether a process is one of .NET, by what it has mapped.</summary>
    public static bool IsIn(IReadOnlyList<MemoryMapping> mappings) =>
        mappings.Any(m => m.IsExecutable && (m.Path.EndsWith("/libcoreclr.so", StringComparison.Ordinal) || CodeFile.IsMapped(m)));

    /// <summary>Asks the runtime for what it has compiled.</summary>
    /// <exception cref="DiagnosticsException">It does not tell.</exception>
    public static CompiledCode Open(TargetProcess target) => new(target, PerfMap.Open(target));

    /// <summary>Whether the runtime tells it because it was asked to.</summary>
    public bool IsAsked => !_map.IsForeign;

    /// <summary>Whether something was compiled since.</summary>
    public bool HasNew => _map.HasGrown;

    /// <summary>
    /// What was compiled since, by the path of its assembly's file, where one is mapped; and the addresses at which other code was before, which is gone with its collectible
    /// assembly or its dynamic method.
    /// </summary>
    /// <param name="isWanted">Whether an assembly, by its path, is looked at.</param>
    public (IReadOnlyList<CompiledMethods> Come, IReadOnlySet<ulong> Replaced) Read(Func<string, bool> isWanted)
    {
        IReadOnlyList<PerfMapLine> lines = _map.ReadNew();
        var replaced = new HashSet<ulong>();
        var byPath = new Dictionary<string, List<AnalyzedFunction>>();
        if (lines.Count > 0) _mappings = _target.ReadMappings();
        var paths = AssemblyPaths.Of(_mappings);
        foreach (PerfMapLine line in lines)
        {
            Replace(line, replaced);
            if (ManagedNames.FromPerfMap(line.Text) is not { } name) continue;
            string path = paths.Of(name.Assembly);
            if (!isWanted(path)) continue;
            if (!byPath.TryGetValue(path, out List<AnalyzedFunction>? functions)) byPath.Add(path, functions = []);
            functions.Add(Analyze(line, name, functions.Count));
        }
        return ([.. byPath.Select(group => CompiledMethods.Of(group.Key, group.Value, _mappings))], replaced);
    }

    /// <summary>What was told of an address before is over, wherever the new code touches it.</summary>
    void Replace(PerfMapLine line, HashSet<ulong> replaced)
    {
        TargetAddress end = line.Start + line.Size;
        for (int i = FirstBehind(line.Start); i < _bodies.Count && _bodies.GetKeyAtIndex(i) < end;)
        {
            replaced.Add(_bodies.GetKeyAtIndex(i).Value);
            _bodies.RemoveAt(i);
        }
        _bodies[line.Start] = end;
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

    AnalyzedFunction Analyze(PerfMapLine line, ManagedName name, int index)
    {
        var address = new ImageAddress(line.Start.Value);
        RefusalReason refusal = name.Tier == Continuation ? RefusalReason.EnteredByNoCall
            : name.Plain.StartsWith(DynamicType, StringComparison.Ordinal) ? RefusalReason.DynamicMethod
            : RefusalReason.None;
        FunctionPlan plan = refusal != RefusalReason.None
            ? new FunctionPlan(index, null, refusal, [], 0, [], HasUnknownExits: true)
            : ManagedAnalyzer.Analyze(index, new ManagedMethod(address, line.Size, line.Size), _image, new ManagedTraits(IsReadyToRun: false, ForwardsFaults: false));
        var symbol = new ImageFunction(address, new ByteSize(line.Size), name.Name, [name.Plain], FunctionSource.Compiled, []);
        return new AnalyzedFunction(symbol, name.Name, plan);
    }

    /// <inheritdoc/>
    public void Dispose() => _map.Dispose();
}

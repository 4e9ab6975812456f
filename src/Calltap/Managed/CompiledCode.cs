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
    readonly CompiledBodies _told;
    readonly CodeImage _image;
    readonly SortedList<TargetAddress, TargetAddress> _bodies = []; // ends by starts
    IReadOnlyList<MemoryMapping> _mappings = [];

    CompiledCode(TargetProcess target, CompiledBodies told) => (_target, _told, _image) = (target, told, new CodeImage(target));

    /// <summary>Whether a process is one of .NET, by what it has mapped.</summary>
    public static bool IsIn(IReadOnlyList<MemoryMapping> mappings) =>
        mappings.Any(m => m.IsExecutable && (m.Path.EndsWith("/libcoreclr.so", StringComparison.Ordinal) || CodeFile.IsMapped(m)));

    /// <summary>Asks the runtime for what it has compiled.</summary>
    /// <exception cref="DiagnosticsException">It does not tell.</exception>
    public static CompiledCode Open(TargetProcess target) => new(target, CompiledBodies.Open(target));

    /// <summary>What the user is told of what can't be followed; null when all can.</summary>
    public string? Note => _told.Note;

    /// <summary>Whether the runtime tells it because it was asked to.</summary>
    public bool IsAsked => _told.IsAsked;

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
        if (bodies.Count > 0) _mappings = _target.ReadMappings();
        var paths = AssemblyPaths.Of(_mappings, _target.SingleFile);
        foreach (CompiledBody body in bodies)
        {
            Replace(body, replaced);
            if (body.Name is not { } name) continue;
            string path = paths.Of(name.Assembly);
            if (!isWanted(path)) continue;
            if (!byPath.TryGetValue(path, out List<AnalyzedFunction>? functions)) byPath.Add(path, functions = []);
            functions.Add(Analyze(body, name, functions.Count));
        }
        return ([.. byPath.Select(group => CompiledMethods.Of(group.Key, group.Value, _mappings))], replaced);
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
        RefusalReason refusal = body.IsCollectible ? RefusalReason.CollectibleAssembly
            : name.Tier == Continuation ? RefusalReason.EnteredByNoCall
            : name.Plain.StartsWith(DynamicType, StringComparison.Ordinal) ? RefusalReason.DynamicMethod
            : RefusalReason.None;
        FunctionPlan plan = refusal != RefusalReason.None
            ? new FunctionPlan(index, null, refusal, [], 0, [], HasUnknownExits: true)
            : ManagedAnalyzer.Analyze(index, new ManagedMethod(address, body.Size, body.Size), _image, new ManagedTraits(IsReadyToRun: false, ForwardsFaults: true));
        var symbol = new ImageFunction(address, new ByteSize(body.Size), name.Name, [name.Plain], FunctionSource.Compiled, []) { Tier = name.Tier.Length > 0 ? name.Tier : null };
        return new AnalyzedFunction(symbol, name.Name, plan);
    }

    /// <inheritdoc/>
    public void Dispose() => _told.Dispose();
}

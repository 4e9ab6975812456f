using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>
/// What a runtime tells of its compiled methods. A perf map tells each as it comes, but to ask for one would end a program that unloads assemblies at that moment. So the
/// runtime is asked for a rundown first: where that has assemblies that may be unloaded, it is all that is known, unless a perf map is there already.
/// </summary>
sealed class CompiledBodies : IDisposable
{
    const int MostBytes = 16 << 20; // of one method: more is none

    readonly ManagedRundown? _rundown;
    readonly PerfMap? _map;
    readonly HashSet<(ulong Start, uint Size)> _collectible;
    bool _isRead;

    CompiledBodies(ManagedRundown? rundown, PerfMap? map)
    {
        (_rundown, _map) = (rundown, map);
        _collectible = [.. (rundown?.Methods ?? []).Where(method => method.IsCollectible).Select(method => (method.Start, method.Size))];
    }

    /// <summary>What the user is told of what can't be followed; null when all can.</summary>
    public string? Note => _map is null
        ? "methods compiled later are not followed: the program has assemblies that can be unloaded, and may end when it is asked for such methods" : null;

    /// <summary>Whether a perf map is written because it was asked for.</summary>
    public bool IsAsked => _map is { IsForeign: false };

    /// <summary>Whether there are some that were not read yet.</summary>
    public bool HasNew => _map?.HasGrown ?? !_isRead;

    /// <summary>Asks the runtime for what it has compiled.</summary>
    /// <exception cref="DiagnosticsException">It does not tell.</exception>
    public static CompiledBodies Open(TargetProcess target)
    {
        if (PerfMap.Known(target) is { } known) return new CompiledBodies(TryRundown(target.Pid), known);
        ManagedRundown rundown = Rundown.Read(target.Pid);
        return new CompiledBodies(rundown, rundown.HasCollectible ? null : PerfMap.Enable(target));
    }

    /// <summary>A perf map that is there already has all methods, but does not tell which assemblies may be unloaded.</summary>
    static ManagedRundown? TryRundown(Pid pid)
    {
        try
        {
            return Rundown.Read(pid);
        }
        catch (DiagnosticsException)
        {
            return null; // DOTNET_EnableDiagnostics=0
        }
    }

    /// <summary>Reads those that have come since.</summary>
    public IReadOnlyList<CompiledBody> ReadNew()
    {
        if (_map is not null) return [.. _map.ReadNew().Select(OfMap)];
        if (_isRead) return [];
        _isRead = true;
        return [.. _rundown!.Methods.Where(method => method.Size is > 0 and <= MostBytes)
            .Select(method => new CompiledBody(new TargetAddress(method.Start), (int)method.Size, method.Name, method.IsCollectible))];
    }

    CompiledBody OfMap(PerfMapLine line)
    {
        ManagedName? name = ManagedNames.FromPerfMap(line.Text);
        bool isCollectible = _collectible.Contains((line.Start.Value, (uint)line.Size)) || (name is not null && _rundown?.IsCollectible(name.Assembly) == true);
        return new CompiledBody(line.Start, line.Size, name, isCollectible);
    }

    /// <inheritdoc/>
    public void Dispose() => _map?.Dispose();
}

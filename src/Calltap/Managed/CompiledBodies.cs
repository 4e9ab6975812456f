using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>
/// What a runtime tells of its compiled methods. A perf map tells each as it comes, but to ask for one may end a program that unloads assemblies at that moment. So the runtime
/// is asked first whether it has such assemblies: then its compiled methods are left alone, unless a perf map is there already.
/// </summary>
sealed class CompiledBodies : IDisposable
{
    readonly ManagedRundown? _rundown;
    readonly IPerfMap? _map;

    CompiledBodies(ManagedRundown? rundown, IPerfMap? map) => (_rundown, _map) = (rundown, map);

    /// <summary>What the user is told of what can't be followed; null when all can.</summary>
    public string? Note => _map is not null ? null
        : "compiled methods are left out: "
        + (_rundown is null ? "its runtime can't tell whether it has assemblies that can be unloaded" : "the program has assemblies that can be unloaded")
        + ", and it may end when it is asked for methods of such (start it with DOTNET_PerfMapEnabled=3"
        + (_rundown is null ? ", or give --no-unloading where you know that it unloads none)" : ")");

    /// <summary>Whether a perf map is written because it was asked for.</summary>
    public bool IsAsked => _map is { IsForeign: false };

    /// <summary>Whether there are some that were not read yet.</summary>
    public bool HasNew => _map?.HasGrown == true;

    /// <summary>Asks the runtime for what it has compiled.</summary>
    /// <param name="target">Its process.</param>
    /// <param name="unloadsNothing">See <see cref="Probes.FunctionFilter.UnloadsNothing"/>.</param>
    /// <exception cref="DiagnosticsException">It does not tell.</exception>
    public static CompiledBodies Open(TargetProcess target, bool unloadsNothing)
    {
        if (target.PerfMap is { } served) return new CompiledBodies(null, served);
        PerfMap.EndServed(target.Pid);
        PerfMap? known = PerfMap.Known(target);
        ManagedRundown? rundown = TryRundown(target.Pid, hasMap: known is not null);
        return new CompiledBodies(rundown, known ?? (!(rundown?.HasCollectible ?? !unloadsNothing) ? HeldPerfMap.TryEnable(target) ?? (IPerfMap)PerfMap.Enable(target) : null));
    }

    /// <summary>.NET 8 can't be asked for so little: then nothing is known of its assemblies, and no perf map is asked for; and a program with a perf map may answer no questions (DOTNET_EnableDiagnostics=0).</summary>
    static ManagedRundown? TryRundown(Pid pid, bool hasMap)
    {
        try
        {
            return Rundown.Read(pid);
        }
        catch (DiagnosticsException e) when (hasMap || e.Code == DiagnosticsSocket.UnknownCommand)
        {
            return null;
        }
    }

    /// <summary>Reads those that have come since.</summary>
    public IReadOnlyList<CompiledBody> ReadNew() => _map is null ? [] : [.. _map.ReadNew().Select(Of)];

    /// <summary>Lets go whoever waits for what was read so far to be armed.</summary>
    public void Release() => _map?.Release();

    /// <summary>Which methods are waited for.</summary>
    public Func<ManagedName, bool>? Waits
    {
        set
        {
            if (_map is not null) _map.Waits = value is null ? null : text => ManagedNames.FromPerfMap(text) is { } name && value(name);
        }
    }

    /// <summary>Whether those can be made to wait that compile what is wanted.</summary>
    public bool CanHold => _map is HeldPerfMap;

    /// <summary>See <see cref="IPerfMap.Waited"/>.</summary>
    public (int Held, int Hurried) Waited => _map?.Waited ?? default;

    CompiledBody Of(PerfMapLine line)
    {
        ManagedName? name = ManagedNames.FromPerfMap(line.Text);
        return new CompiledBody(line.Start, line.Size, name, name is not null && _rundown?.IsCollectible(name.Assembly) == true, line.IsHeld, line.Told);
    }

    /// <inheritdoc/>
    public void Dispose() => _map?.Dispose();
}

namespace Calltap.Symbols;

/// <summary>
/// What a .NET runtime tells of itself when a session of events ends: the methods that it has compiled, and its assemblies. Events of the provider
/// Microsoft-Windows-DotNETRuntimeRundown (dotnet/runtime, vm/ClrEtwAll.man).
/// </summary>
public sealed class ManagedRundown
{
    private const string Provider = "Microsoft-Windows-DotNETRuntimeRundown";
    private const int MethodEnd = 144, ModuleEnd = 154, AssemblyEnd = 156;

    private readonly Dictionary<ulong, RundownAssembly> _assemblies = [];
    private readonly Dictionary<ulong, ulong> _assemblyOf = []; // by module

    private ManagedRundown()
    {
    }

    /// <summary>Those that the JIT has made; precompiled code is not among them.</summary>
    public IReadOnlyList<RundownMethod> Methods { get; private set; } = [];

    /// <summary>
    /// Whether an assembly may be unloaded, and its code with it, or one was there before: of one that is just being unloaded nothing is told, but its code is still there.
    /// </summary>
    public bool HasCollectible { get; private set; }

    /// <summary>Whether one of a simple name may be unloaded, and none of that name stays.</summary>
    public bool IsCollectible(string assembly) =>
        _assemblies.Values.Where(known => known.Name == assembly).Select(known => known.IsCollectible).DefaultIfEmpty(false).All(may => may);

    /// <summary>Reads one.</summary>
    /// <param name="name">What the stream is called in errors.</param>
    /// <param name="stream">All that the runtime has sent.</param>
    /// <exception cref="ElfFormatException">It is damaged.</exception>
    public static ManagedRundown Read(string name, ReadOnlyMemory<byte> stream)
    {
        var (rundown, methods) = (new ManagedRundown(), new List<NettraceCursor>());
        foreach (var told in NettraceReader.Read(name, stream).Where(told => told.Provider == Provider))
        {
            var payload = new NettraceCursor(name, told.Payload, told.Offset);
            if (told.Id == MethodEnd)
                methods.Add(payload); // read when all assemblies are known
            else if (told.Id == ModuleEnd)
                rundown._assemblyOf[payload.UInt64()] = payload.UInt64();
            else if (told.Id == AssemblyEnd)
                rundown._assemblies[payload.UInt64()] = RundownAssembly.Read(payload, told.Version);
        }

        List<RundownMethod> read = [.. methods.Select(method => RundownMethod.Read(method, rundown.AssemblyOf)).OfType<RundownMethod>()];
        rundown.HasCollectible = rundown._assemblies.Values.Any(assembly => assembly.IsCollectible) || read.Exists(method => method.Unloads);
        rundown.Methods = [.. read.Where(method => method.IsJitted)];
        return rundown;
    }

    private RundownAssembly? AssemblyOf(ulong module) => _assemblyOf.TryGetValue(module, out var id) ? _assemblies.GetValueOrDefault(id) : null;
}

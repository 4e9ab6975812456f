using Calltap.Native;
using Calltap.Symbols;
using Calltap.Target;

namespace Calltap.Modules;

/// <summary>Names for addresses in a target, without analysing its code. Reads the symbols of a module when one of its addresses is asked for.</summary>
public sealed class AddressNames
{
    readonly TargetProcess _target;
    readonly CxaDemangler _demangler = new();
    readonly List<(IReadOnlyList<MemoryMapping> File, Lazy<Dictionary<TargetAddress, string>> Names)> _modules;

    /// <summary>Names for what is mapped in the target now.</summary>
    /// <exception cref="AttachException">The target has ended.</exception>
    public AddressNames(TargetProcess target)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
        _modules = [.. ModuleLoader.Files(target.ReadMappings()).Select(file => (file, new Lazy<Dictionary<TargetAddress, string>>(() => Read(file))))];
    }

    /// <summary>The function that starts at the address and the file it is in; the address itself where nothing is known.</summary>
    public (string Name, string Module) Of(TargetAddress address)
    {
        foreach ((IReadOnlyList<MemoryMapping> file, Lazy<Dictionary<TargetAddress, string>> names) in _modules)
            if (file.Any(mapping => mapping.Contains(address)))
                return (names.Value.GetValueOrDefault(address, address.ToString()), Path.GetFileName(file[0].Path));
        return (address.ToString(), "");
    }

    Dictionary<TargetAddress, string> Read(IReadOnlyList<MemoryMapping> file)
    {
        var names = new Dictionary<TargetAddress, string>();
        if (ModuleLoader.ReadSymbols(_target, file) is not var (symbols, biases)) return names;
        foreach (ImageFunction function in symbols.Functions)
        {
            string shown = function.Name is { } name ? _demangler.Demangle(name) : $"{Path.GetFileName(symbols.Path)}+0x{function.Address.Value:x}";
            foreach (long bias in biases) names[function.Address.At(bias)] = shown;
        }
        return names;
    }
}

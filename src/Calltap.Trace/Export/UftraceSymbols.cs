using System.Globalization;
using System.Text;

namespace Calltap.Trace;

/// <summary>
/// Addresses for functions, and the files that say so. They are made, one module behind the other: modules of different processes, or of different times, may
/// have had the same. A module's symbols are in its own file, so that nobody needs the module itself.
/// </summary>
sealed class UftraceSymbols(TraceCatalog catalog)
{
    const ulong First = 0x4000_0000;
    const int ModuleShift = 26; // room for as many functions as a trace may have
    const int FunctionShift = 4;
    const string Unknown = "unknown";

    readonly Dictionary<FunctionId, ulong> _addresses = [];
    readonly Dictionary<int, Module> _modules = [];
    readonly HashSet<string> _names = [];

    sealed record Module(ulong Start, string Path, string Name, List<FunctionId> Functions);

    /// <summary>The address that stands for a function.</summary>
    public ulong AddressOf(FunctionId function)
    {
        if (_addresses.TryGetValue(function, out ulong known))
            return known;
        int id = catalog.Functions.TryGetValue(function, out FunctionRecord? record) ? record.Module : -1;
        if (!_modules.TryGetValue(id, out Module? module))
            _modules.Add(id, module = NewModule(id));
        ulong address = module.Start + ((ulong)module.Functions.Count << FunctionShift);
        module.Functions.Add(function);
        _addresses.Add(function, address);
        return address;
    }

    /// <summary>Writes a memory map for each session, and the symbols of each module.</summary>
    public void Write(IEnumerable<string> sessions, Func<string, Stream> create)
    {
        foreach (string session in sessions)
        {
            using StreamWriter map = UftraceText.Create(create, $"sid-{session}.map");
            foreach (Module module in _modules.Values)
                map.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{module.Start:x}-{module.Start + (1UL << ModuleShift):x} r-xp 00000000 00:00 0                          {module.Path}"));
            map.WriteLine("7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0                          [stack]");
        }

        foreach (Module module in _modules.Values)
            Write(module, create);
    }

    void Write(Module module, Func<string, Stream> create)
    {
        using StreamWriter symbols = UftraceText.Create(create, $"{module.Name}.sym");
        symbols.WriteLine($"# symbols: {module.Functions.Count + 1}");
        symbols.WriteLine($"# path name: {module.Path}");
        for (int i = 0; i < module.Functions.Count; i++)
            symbols.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i << FunctionShift:x16} T {catalog.NameOf(module.Functions[i])}"));
        symbols.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{module.Functions.Count << FunctionShift:x16} ? __sym_end"));
    }

    // The file with a module's symbols is found by the last part of its path, which so has to be different for each.
    Module NewModule(int id)
    {
        string path = catalog.Modules.TryGetValue(id, out ModuleRecord? record) && record.Path.Length > 0 ? record.Path : Unknown;
        path = string.Concat(path.Select(letter => char.IsWhiteSpace(letter) ? '_' : letter));
        string folder = path[..(path.LastIndexOf('/') + 1)], name = path[folder.Length..];
        if (name.Length is 0 or > 200)
            name = $"module{id}";
        if (!_names.Add(name))
            _names.Add(name = $"{name}.{id}");
        // A path that is none is taken for memory without a file.
        return new Module(First + ((ulong)_modules.Count << ModuleShift), (folder.StartsWith('/') ? folder : "/") + name, name, []);
    }
}

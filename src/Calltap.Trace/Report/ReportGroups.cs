namespace Calltap.Trace;

/// <summary>The groups of a report, with their names.</summary>
sealed class ReportGroups
{
    const string NoCaller = "(no traced caller)";

    readonly TraceCatalog _catalog;
    readonly ReportBy _by;
    readonly List<string> _modules = [];

    /// <summary>The groups of the calls of a trace.</summary>
    public ReportGroups(TraceCatalog catalog, ReportBy by)
    {
        (_catalog, _by) = (catalog, by);
        Groups = by switch
        {
            ReportBy.Module => new CallGroups(ModuleOfEach()),
            ReportBy.Thread => CallGroups.One,
            ReportBy.Caller => new CallGroups(byCaller: true),
            _ => CallGroups.Functions,
        };
    }

    /// <summary>Which calls belong to which.</summary>
    public CallGroups Groups { get; }

    /// <summary>Name and module of a group; by thread it is not asked.</summary>
    public (string Name, string Module) NamesOf(int group) => _by switch
    {
        ReportBy.Module => (_modules[group], ""),
        ReportBy.Caller when group == 0 => (NoCaller, ""),
        ReportBy.Caller => NamesOfFunction(new FunctionId(group - 1)),
        _ => NamesOfFunction(new FunctionId(group)),
    };

    (string Name, string Module) NamesOfFunction(FunctionId function) => (_catalog.NameOf(function), _catalog.ModuleOf(function));

    // Modules of one file name are one: those of several processes, or loaded from several folders. The last group is of functions without a module.
    int[] ModuleOfEach()
    {
        int functions = _catalog.Functions.Count == 0 ? 0 : _catalog.Functions.Keys.Max(id => id.Value) + 1;
        var groups = new int[functions + 1];
        Array.Fill(groups, -1);
        var known = new Dictionary<string, int>();
        foreach (FunctionId function in _catalog.Functions.Keys)
        {
            string module = _catalog.ModuleOf(function);
            if (module.Length == 0)
                continue;
            if (!known.TryGetValue(module, out int group))
            {
                known.Add(module, group = _modules.Count);
                _modules.Add(module);
            }

            groups[function.Value] = group;
        }

        for (int i = 0; i < groups.Length; i++)
            if (groups[i] < 0)
                groups[i] = _modules.Count;
        _modules.Add("(no module)");
        return groups;
    }
}

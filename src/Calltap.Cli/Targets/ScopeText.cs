using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Modules;

namespace Calltap.Cli.Targets;

/// <summary>The scope in words.</summary>
static class ScopeText
{
    const int NamedModules = 4;

    /// <summary>Which modules, and how many functions they have.</summary>
    public static string Of(ScopeChoice scope, FunctionCatalog catalog)
    {
        string what = scope.Scope switch
        {
            FunctionScope.Executable => "executable",
            FunctionScope.Libraries => "executable and libraries without the C library",
            _ => "all modules",
        };
        string more = catalog.Modules.Count > NamedModules ? $", and {catalog.Modules.Count - NamedModules} more" : "";
        string names = string.Join(", ", catalog.Modules.Take(NamedModules).Select(m => m.Name));
        return $"scope: {what} ({names}{more}; {Texts.Of(catalog.Functions.Count, "function")})";
    }
}

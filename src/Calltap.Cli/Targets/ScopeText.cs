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
        string what = Of(scope.Scope);
        string more = catalog.Modules.Count > NamedModules ? $", and {catalog.Modules.Count - NamedModules} more" : "";
        string names = string.Join(", ", catalog.Modules.Take(NamedModules).Select(m => m.Name));
        return $"scope: {what} ({names}{more}{(names.Length > 0 ? "; " : "")}{Texts.Of(catalog.Functions.Count, "function")})";
    }

    /// <summary>Which modules of each process of a tree.</summary>
    public static string OfTree(ScopeChoice scope) => $"scope: {Of(scope.Scope)}, of each process";

    static string Of(FunctionScope scope) => scope switch
    {
        FunctionScope.Executable => "executable",
        FunctionScope.Libraries => "executable and libraries without the C library",
        _ => "all modules",
    };

    /// <summary>What to try when no function that was armed was called.</summary>
    public static string NothingCalled(ScopeChoice scope) => scope.Scope switch
    {
        FunctionScope.Executable => "none of these functions was called; where the work is done in libraries: --libs, or -F '@libname*' for one of them",
        FunctionScope.Libraries => "none of these functions was called; --all takes the C library too",
        _ => "none of these functions was called",
    };
}

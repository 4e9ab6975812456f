using Calltap.Modules;

namespace Calltap.Cli.Commands;

/// <summary>Where what is built once is kept (XDG Base Directory Specification).</summary>
static class CacheFolder
{
    /// <summary><c>$XDG_CACHE_HOME/calltap</c>, or <c>~/.cache/calltap</c>.</summary>
    public static string Path
    {
        get
        {
            string? wanted = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string root = System.IO.Path.IsPathRooted(wanted)
                ? wanted!
                : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return System.IO.Path.Combine(root, "calltap");
        }
    }

    /// <summary>The analyses of modules.</summary>
    public static AnalysisCache Analyses => AnalysisCache.In(System.IO.Path.Combine(Path, "functions"));
}

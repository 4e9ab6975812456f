namespace Calltap.AnalysisTests;

/// <summary>The source tree.</summary>
static class Tree
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = Find();

    static string Find()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Calltap.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}

namespace Calltap.Trace;

/// <summary>Names of processes, for formats that have one for each.</summary>
static class ProcessNames
{
    /// <summary>The command line of the program that the process ran last, or of the trace's target; empty when neither is known.</summary>
    public static string Of(TraceCatalog catalog, Pid pid)
    {
        ProcessRecord? process = catalog.Processes.Values.Where(p => p.Pid == pid).MaxBy(p => p.Id);
        return process is null ? catalog.Session.CommandLine : process.CommandLine.Length > 0 ? process.CommandLine : process.Name;
    }
}

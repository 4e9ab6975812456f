using System.Globalization;

namespace Calltap.Trace;

/// <summary>Writes a report as comma-separated values (RFC 4180, with line feeds alone), for programs.</summary>
public static class ReportCsv
{
    /// <summary>Writes a heading and a line for each function, module, thread or caller; unknown times are empty.</summary>
    /// <exception cref="IOException">The output failed.</exception>
    public static void Write(TraceReport report, TextWriter output)
    {
        output.Write(report.By switch { ReportBy.Thread => "tid,pid,name", ReportBy.Module => "name", _ => "name,module" });
        output.Write(",calls,total_ns,self_ns,min_ns,avg_ns,max_ns,p50_ns,p99_ns\n");
        foreach (FunctionReport f in report.Functions)
        {
            long?[] numbers = [f.Calls, f.TotalNs, f.SelfNs, f.MinNs, f.AvgNs, f.MaxNs, f.P50Ns, f.P99Ns];
            string joined = string.Join(',', numbers.Select(number => number?.ToString(CultureInfo.InvariantCulture)));
            output.Write($"{Which(f, report.By)},{joined}\n");
        }
    }

    static string Which(FunctionReport line, ReportBy by) => by switch
    {
        ReportBy.Thread => $"{line.Tid?.Value},{line.Pid?.Value},{Quoted(line.Name)}",
        ReportBy.Module => Quoted(line.Name),
        _ => $"{Quoted(line.Name)},{Quoted(line.Module)}",
    };

    /// <summary>A field, quoted where it has to be.</summary>
    public static string Quoted(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}

using Calltap.Trace;

namespace Calltap.Tests.Trace.Export;

/// <summary>An export for uftrace, for as long as a test looks at it.</summary>
sealed class UftraceFolder : IDisposable
{
    public UftraceFolder(byte[] file)
    {
        using TraceReader reader = TraceReader.Open(file, "t");
        Totals = UftraceWriter.Write(reader, new ExportPart(), name => File.Create(System.IO.Path.Combine(Path, name)));
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("calltap-uftrace-").FullName;

    public ExportTotals Totals { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

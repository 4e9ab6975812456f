using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>The formats of <c>calltap export</c> (docs/export.md). One more is a line here.</summary>
static class ExportFormats
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ExportFormat> All { get; } =
    [
        new("chrome", ExportShape.Text, (request, output) => ChromeTraceWriter.Write(request.Trace, request.Part, output.Open())),
        new("perfetto", ExportShape.Binary, (request, output) => PerfettoWriter.Write(request.Trace, request.Part, output.Open())),
        new("speedscope", ExportShape.Text, (request, output) => SpeedscopeWriter.Write(request.Trace, request.Part, output.Open())),
        new("folded", ExportShape.Lines, (request, output) => WriteStacks(request, output, FoldedWriter.Write)) { HasWeight = true },
        new("flamegraph", ExportShape.Text, (request, output) => WriteStacks(request, output, FlameGraphWriter.Write)) { HasWeight = true },
        new("trace-dat", ExportShape.Binary, (request, output) => TraceDatWriter.Write(request.Trace, request.Part, output.Open())),
        new("uftrace", ExportShape.Folder, (request, output) => UftraceWriter.Write(request.Trace, request.Part, output.Open)),
    ];

    /// <summary>The format of a name.</summary>
    public static ExportFormat Of(string name) => All.First(format => format.Name == name);

    static ExportTotals WriteStacks(ExportRequest request, ExportOutput output, Action<StackTree, TraceCatalog, StackWeight, Stream> write)
    {
        StackTree tree = StackTree.Build(request.Trace, request.Part);
        write(tree, request.Trace.Catalog, request.Weight, output.Open());
        return tree.Totals;
    }
}

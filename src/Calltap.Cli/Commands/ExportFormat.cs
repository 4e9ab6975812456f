using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>A format of <c>calltap export</c>.</summary>
/// <param name="Name">As given to <c>--format</c>.</param>
/// <param name="Shape">What is written.</param>
/// <param name="Write">Writes it.</param>
sealed record ExportFormat(string Name, ExportShape Shape, Func<ExportRequest, ExportOutput, ExportTotals> Write)
{
    /// <summary>Whether stacks are weighed: <c>--weight</c> means something.</summary>
    public bool HasWeight { get; init; }
}

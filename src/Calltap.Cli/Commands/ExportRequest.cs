using Calltap.Trace;

namespace Calltap.Cli.Commands;

/// <summary>What is to be exported.</summary>
/// <param name="Trace">The trace.</param>
/// <param name="Part">Of it.</param>
/// <param name="Weight">What stacks weigh, where that is of the format.</param>
sealed record ExportRequest(TraceReader Trace, ExportPart Part, StackWeight Weight);

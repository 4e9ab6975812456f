namespace Calltap.Trace;

/// <summary>A program that a traced process ran: where a process executes another, that is another record with the same pid.</summary>
/// <param name="Id">What threads refer to, from 1.</param>
/// <param name="Pid">The process.</param>
/// <param name="Parent">The record of the process that forked it, or of the program before; 0 where there is none in the trace.</param>
/// <param name="Start">When the tracer came to know it.</param>
/// <param name="Name">Its comm.</param>
/// <param name="CommandLine">Its arguments, separated by spaces.</param>
public sealed record ProcessRecord(int Id, Pid Pid, int Parent, TscTime Start, string Name, string CommandLine) : IRecord<ProcessRecord>
{
    static ChunkType IRecord<ProcessRecord>.Chunk => ChunkType.Processes;

    void IRecord<ProcessRecord>.Write(ByteWriter output)
    {
        output.Number((ulong)Id);
        output.Number((ulong)Pid.Value);
        output.Number((ulong)Parent);
        output.Word64(Start.Value);
        output.Text(Name);
        output.Text(CommandLine);
    }

    static ProcessRecord IRecord<ProcessRecord>.Read(ref ByteReader input) => new(
        input.Positive(int.MaxValue, "a process record's id"),
        new Pid(input.Number(int.MaxValue, "a process id")),
        input.Number(int.MaxValue, "a process record's id"),
        new TscTime(input.Word64()),
        input.Text(),
        input.Text());
}

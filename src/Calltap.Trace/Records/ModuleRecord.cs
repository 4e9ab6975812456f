namespace Calltap.Trace;

/// <summary>An image that was mapped in the target.</summary>
/// <param name="Id">What functions refer to.</param>
/// <param name="Path">The path in /proc/PID/maps.</param>
/// <param name="BuildId">The GNU build id in hexadecimal; empty without one.</param>
/// <param name="LoadBias">Added to an <see cref="ImageAddress"/> it gives the address in the target.</param>
/// <param name="Start">First mapped address.</param>
/// <param name="End">Behind the last mapped address.</param>
public sealed record ModuleRecord(int Id, string Path, string BuildId, long LoadBias, TargetAddress Start, TargetAddress End) : IRecord<ModuleRecord>
{
    static ChunkType IRecord<ModuleRecord>.Chunk => ChunkType.Modules;

    void IRecord<ModuleRecord>.Write(ByteWriter output)
    {
        output.Number((ulong)Id);
        output.Text(Path);
        output.Text(BuildId);
        output.Word64(unchecked((ulong)LoadBias));
        output.Word64(Start.Value);
        output.Word64(End.Value);
    }

    static ModuleRecord IRecord<ModuleRecord>.Read(ref ByteReader input) => new(
        input.Number(int.MaxValue, "a module id"),
        input.Text(),
        input.Text(),
        unchecked((long)input.Word64()),
        new TargetAddress(input.Word64()),
        new TargetAddress(input.Word64()));
}

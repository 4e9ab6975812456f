namespace Calltap.Trace;

/// <summary>What a poke batch did to some functions, and when. A batch that did several things has a record for each.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Start">Before the first poke.</param>
/// <param name="End">After the last sync.</param>
/// <param name="Sites">How many sites were poked; 0 in all records of a batch but the first.</param>
/// <param name="Traps">How many breakpoints threads hit meanwhile; likewise.</param>
/// <param name="Functions">The functions, in any order.</param>
public sealed record ArmingRecord(
    ArmingKind Kind, TscTime Start, TscTime End, int Sites, int Traps, IReadOnlyList<FunctionId> Functions) : IRecord<ArmingRecord>
{
    static ChunkType IRecord<ArmingRecord>.Chunk => ChunkType.Arming;

    void IRecord<ArmingRecord>.Write(ByteWriter output)
    {
        output.Number((ulong)Kind);
        output.Word64(Start.Value);
        output.Word64(End.Value);
        output.Number((ulong)Sites);
        output.Number((ulong)Traps);
        output.Number((ulong)Functions.Count);
        foreach (FunctionId function in Functions)
            output.Number((ulong)function.Value);
    }

    static ArmingRecord IRecord<ArmingRecord>.Read(ref ByteReader input)
    {
        var kind = (ArmingKind)input.Number((int)ArmingKind.Modified, "an arming kind");
        var start = new TscTime(input.Word64());
        var end = new TscTime(input.Word64());
        int sites = input.Number(int.MaxValue, "a site count");
        int traps = input.Number(int.MaxValue, "a trap count");
        var functions = new FunctionId[input.Count()];
        for (int i = 0; i < functions.Length; i++)
            functions[i] = new FunctionId(input.Number(TraceLimits.MaxFunctionId, "a function id"));
        return new ArmingRecord(kind, start, end, sites, traps, functions);
    }
}

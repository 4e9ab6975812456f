namespace Calltap.Trace;

/// <summary>What a site id in an event means. A place that is entry and exit at once has two ids.</summary>
/// <param name="Id">The id, from 1 to <see cref="TraceLimits.MaxSiteId"/>.</param>
/// <param name="Function">The function it belongs to.</param>
/// <param name="Kind">Entry or which exit.</param>
public readonly record struct SiteRecord(SiteId Id, FunctionId Function, SiteKind Kind) : IRecord<SiteRecord>
{
    static ChunkType IRecord<SiteRecord>.Chunk => ChunkType.Sites;

    void IRecord<SiteRecord>.Write(ByteWriter output)
    {
        output.Number(Id.Value);
        output.Number((ulong)Function.Value);
        output.Number((ulong)Kind);
    }

    static SiteRecord IRecord<SiteRecord>.Read(ref ByteReader input) => new(
        new SiteId((uint)input.Positive((int)TraceLimits.MaxSiteId, "a site id")),
        new FunctionId(input.Number(TraceLimits.MaxFunctionId, "a function id")),
        (SiteKind)input.Number((int)SiteKind.EntryAlone, "a site kind"));
}

namespace Calltap.Symbols;

/// <summary>What kinds of events a stream has, by the numbers that it gives them.</summary>
internal sealed class NettraceKinds
{
    private readonly Dictionary<int, (string Provider, int Id, int Version)> _kinds = [];
    private string _provider = "";

    /// <summary>Takes in a record of a MetadataBlock; what it says of the payload's fields is left aside.</summary>
    /// <exception cref="ElfFormatException">It is damaged.</exception>
    public void Add(NettraceBlob record)
    {
        var payload = record.Payload;
        var kind = payload.Int32();
        var provider = payload.Text();
        if (provider == _provider)
            provider = _provider; // one text for the many kinds of a provider
        _provider = provider;
        var id = payload.Int32();
        payload.Text(); // the event's name: empty for those of the runtime
        payload.Skip(sizeof(long)); // keywords
        _kinds[kind] = (provider, id, payload.Int32());
    }

    /// <summary>The event that a blob is; null when its kind was not told.</summary>
    public NettraceEvent? Of(NettraceBlob blob) =>
        _kinds.TryGetValue(blob.Kind, out var kind) ? new(kind.Provider, kind.Id, kind.Version, blob.Payload.Rest, blob.Payload.Offset) : null;
}

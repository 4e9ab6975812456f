using Calltap.Trace;
using Xunit;

namespace Calltap.Tests.Trace.Export;

/// <summary>Keeps what a track reader delivers as lines, and checks what it promises.</summary>
sealed class TrackLog : ITrackVisitor
{
    readonly Stack<FunctionId> _open = new();
    long _last;

    public List<string> Lines { get; } = [];

    public HashSet<int> Ids { get; } = [];

    public long Calls { get; private set; }

    public void OnTrack(Track track)
    {
        Assert.Empty(_open);
        Assert.True(Ids.Add(track.Id));
        _last = 0;
        Lines.Add($"{track.Name} {track.Tid}");
    }

    public void OnEntry(FunctionId function, long ns)
    {
        Move(ns);
        _open.Push(function);
        Lines.Add($"{ns} {TraceSample.Functions[function.Value].Name} {{");
    }

    public void OnExit(in Call call, long ns)
    {
        Move(ns);
        Calls++;
        Assert.Equal(_open.Pop(), call.Function);
        Lines.Add($"{ns} }}{(call.EndedBy == EndedBy.Exit ? "" : $" {call.EndedBy}")}");
    }

    public void OnLost(in TrackLoss loss, long ns) => Lines.Add($"{ns} lost {loss.Entries} {loss.Exits} {loss.Holes}");

    public void OnEnd(ExportTotals totals, long ns)
    {
        Assert.Empty(_open);
        Assert.Equal(1, totals.Tracks);
        Lines.Add($"{ns} end: {totals.Calls} calls, {totals.UnknownEnds} unknown, {totals.OrphanExits} orphans, {totals.Lost} lost");
    }

    void Move(long ns)
    {
        Assert.True(ns >= _last);
        _last = ns;
    }
}

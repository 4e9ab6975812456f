namespace Calltap.Trace;

/// <summary>Merges the spans of a row, as they come in order of time: neighbours that are shorter than the resolution and less than that apart.</summary>
/// <remarks>Two that follow each other in the output take at least one resolution together, so a window holds at most twice its number of resolutions, and two more.</remarks>
sealed class SpanMerge(ulong resolution, List<CallSpan> output)
{
    CallSpan _last;

    /// <summary>Takes the next span.</summary>
    public void Add(in CallSpan next)
    {
        if (_last.Calls > 0 && _last.Width < resolution && next.Width < resolution && CallTime.Between(_last.End, next.Start) < resolution)
        {
            _last.Add(next);
            return;
        }

        Flush();
        _last = next;
    }

    /// <summary>Puts out what is left.</summary>
    public void Flush()
    {
        if (_last.Calls > 0)
            output.Add(_last);
        _last = default;
    }
}

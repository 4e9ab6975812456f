using System.Numerics;
using System.Runtime.CompilerServices;

namespace Calltap.Trace;

/// <summary>
/// Durations of one function. Up to 16 are exact; beyond, they are counted in 64 equal buckets per power of two, so that a percentile
/// is off by at most 1/128 (0.8 %). Octaves without a duration take no memory.
/// </summary>
/// <remarks>
/// Durations go into the buckets 16 at a time: with tens of thousands of functions the buckets are out of every cache, and the
/// misses of one batch overlap.
/// </remarks>
public sealed class DurationHistogram
{
    const int Batch = 16;
    const int SubBits = 6;
    const int SubBuckets = 1 << SubBits;

    ulong[] _waiting = new ulong[4];
    int _waits;
    uint[]?[] _octaves = [];

    /// <summary>Number of durations.</summary>
    public long Count { get; private set; }

    /// <summary>The durations in ticks, not in order, each with how many there are; a bucket counts as its middle.</summary>
    public IEnumerable<(ulong Ticks, long Count)> Counts =>
        _waiting.Take(_waits).Select(ticks => (ticks, 1L)).Concat(
            from octave in Enumerable.Range(0, _octaves.Length)
            from bucket in Enumerable.Range(0, SubBuckets)
            where _octaves[octave]?[bucket] > 0
            select (MiddleOf(octave, bucket), (long)_octaves[octave]![bucket]));

    /// <summary>Adds a duration, in ticks.</summary>
    public void Add(ulong ticks)
    {
        if (_waits == _waiting.Length)
            MakeRoom();
        _waiting[_waits++] = ticks;
        Count++;
    }

    /// <summary>Adds many at once: straight to their buckets, unless all are so few that they stay exact.</summary>
    internal void AddMany(ReadOnlySpan<uint> ticks)
    {
        if (Count + ticks.Length <= Batch)
        {
            foreach (uint each in ticks)
                Add(each);
            return;
        }

        foreach (uint each in ticks)
            AddToBucket(each);
        Count += ticks.Length;
    }

    /// <summary>Adds all durations of another one.</summary>
    public void Add(DurationHistogram other)
    {
        foreach (ulong ticks in other._waiting.AsSpan(0, other._waits))
            Add(ticks);
        Count += other.Count - other._waits;
        if (other._octaves.Length > _octaves.Length)
            Array.Resize(ref _octaves, other._octaves.Length);
        for (int octave = 0; octave < other._octaves.Length; octave++)
            if (other._octaves[octave] is { } more)
                AddBuckets(_octaves[octave] ??= new uint[SubBuckets], more);
    }

    /// <summary>
    /// The nearest-rank percentile: the least duration that at least <paramref name="percent"/> of all do not exceed, in ticks; a
    /// bucket counts as its middle. Null without durations.
    /// </summary>
    public ulong? Percentile(double percent)
    {
        if (Count == 0)
            return null;
        long rank = Math.Clamp((long)Math.Ceiling(percent / 100 * Count), 1, Count);
        if (Count > _waits)
        {
            Spill();
            return BucketAt(rank);
        }

        ulong[] sorted = _waiting.AsSpan(0, _waits).ToArray();
        Array.Sort(sorted);
        return sorted[rank - 1];
    }

    static void AddBuckets(uint[] sums, uint[] more)
    {
        for (int i = 0; i < sums.Length; i++)
            sums[i] = (uint)Math.Min((ulong)sums[i] + more[i], uint.MaxValue);
    }

    void MakeRoom()
    {
        if (_waiting.Length < Batch)
            Array.Resize(ref _waiting, _waiting.Length * 2);
        else
            Spill();
    }

    void Spill()
    {
        foreach (ulong ticks in _waiting.AsSpan(0, _waits))
            AddToBucket(ticks);
        _waits = 0;
    }

    // Values below 64 are in octave 0, one per bucket; octave n > 0 has [64 << n-1, 64 << n) in steps of 1 << n-1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void AddToBucket(ulong ticks)
    {
        int octave = BitOperations.Log2(ticks | (SubBuckets - 1)) - (SubBits - 1);
        uint[]?[] octaves = _octaves;
        uint[] buckets = (uint)octave < (uint)octaves.Length && octaves[octave] is { } known ? known : Grow(octave);
        ref uint bucket = ref buckets[(int)(ticks >> (octave - (octave > 0 ? 1 : 0))) & (SubBuckets - 1)];
        bucket += bucket == uint.MaxValue ? 0U : 1U;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    uint[] Grow(int octave)
    {
        if (octave >= _octaves.Length)
            Array.Resize(ref _octaves, octave + 1);
        return _octaves[octave] ??= new uint[SubBuckets];
    }

    ulong BucketAt(long rank)
    {
        ulong last = 0;
        for (int octave = 0; octave < _octaves.Length; octave++)
        {
            ReadOnlySpan<uint> buckets = _octaves[octave];
            for (int i = 0; i < buckets.Length; i++)
            {
                if (buckets[i] == 0)
                    continue;
                last = MiddleOf(octave, i);
                rank -= buckets[i];
                if (rank <= 0)
                    return last;
            }
        }

        return last;
    }

    static ulong MiddleOf(int octave, int bucket)
    {
        if (octave == 0)
            return (ulong)bucket;
        ulong width = 1UL << (octave - 1);
        return ((ulong)(SubBuckets + bucket) * width) + (width / 2);
    }
}

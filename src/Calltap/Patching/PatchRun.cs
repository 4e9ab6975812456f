using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Calltap.Patching;

/// <summary>
/// A run of adjacent pages that a batch rewrites, with the image that the next pass will write. A pass writes each
/// page once: every byte of no site is rewritten with its own value.
/// </summary>
/// <remarks>
/// What runs in the window runs over plain arrays that were filled before it, and is compiled at full speed at once:
/// with 100,000 sites anything more costs tens of milliseconds while every call of a site is a trap.
/// </remarks>
/// <param name="start">Page-aligned address of the first page.</param>
/// <param name="image">The bytes, a multiple of the page size.</param>
sealed class PatchRun(TargetAddress start, byte[] image)
{
    public const int PageSize = 4096;

    /// <summary>Longer runs would hold the pages' lock, and a core's view of them, for too long at a time.</summary>
    public const int MaxPages = 64;

    int[] _offsets = [];
    PatchBytes[] _before = [];
    PatchBytes[] _after = [];
    bool[] _deferred = [];

    public TargetAddress Start { get; } = start;

    public byte[] Image { get; } = image;

    public TargetAddress End => Start + Image.Length;

    public static TargetAddress PageOf(TargetAddress address) => new(address.Value & ~(ulong)(PageSize - 1));

    /// <summary>The bytes at <paramref name="address"/>, which lies in this run.</summary>
    public Span<byte> At(TargetAddress address, int length) => Image.AsSpan(checked((int)(address - Start)), length);

    /// <summary>Takes the pokes of the sites in this run, by address.</summary>
    public void Take(ReadOnlySpan<Poke> pokes)
    {
        (_offsets, _before, _after) = (new int[pokes.Length], new PatchBytes[pokes.Length], new PatchBytes[pokes.Length]);
        _deferred = new bool[pokes.Length];
        for (int i = 0; i < pokes.Length; i++)
        {
            _offsets[i] = checked((int)(pokes[i].Site.Address - Start));
            (_before[i], _after[i]) = (pokes[i].Site.Installed, pokes[i].To);
        }
    }

    /// <summary>Leaves a site out from pass 2 on.</summary>
    public void Defer(TargetAddress site) =>
        _deferred[Array.BinarySearch(_offsets, checked((int)(site - Start)))] = true;

    /// <summary>The first site whose bytes in the image are not those installed; null when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public TargetAddress? FindChanged()
    {
        for (int i = 0; i < _offsets.Length; i++)
            if (PatchBytes.From(Image.AsSpan(_offsets[i], PatchBytes.Length)) != _before[i]) return Start + _offsets[i];
        return null;
    }

    /// <summary>Pass 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void PutBreakpoints()
    {
        foreach (int offset in _offsets) Image[offset] = PatchBytes.Int3;
    }

    /// <summary>Pass 2; deferred sites get their head back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void PutTails()
    {
        for (int i = 0; i < _offsets.Length; i++)
        {
            if (_deferred[i]) Image[_offsets[i]] = _before[i].Head;
            else BinaryPrimitives.WriteUInt32LittleEndian(Image.AsSpan(_offsets[i] + 1), (uint)(_after[i].Value >> 8));
        }
    }

    /// <summary>Pass 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void PutHeads()
    {
        for (int i = 0; i < _offsets.Length; i++)
            if (!_deferred[i]) Image[_offsets[i]] = _after[i].Head;
    }
}

using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Calltap.Trace;

/// <summary>What each site id means; looked up once per event, so paged arrays. Adding while another thread looks up is not allowed.</summary>
public sealed class SiteTable
{
    const int PageBits = 12;
    const uint PageMask = (1u << PageBits) - 1;

    const int KindBits = 3;
    const uint KindMask = (1u << KindBits) - 1;

    static readonly uint[] s_nothing = new uint[PageMask + 1];

    readonly BitArray _withExits = new(0);
    uint[][] _pages = []; // each of PageMask + 1 sites; one and the same where nothing is

    /// <summary>Number of sites.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a site, or replaces the one with its id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is 0 or above <see cref="TraceLimits.MaxSiteId"/>.</exception>
    public void Add(SiteRecord site)
    {
        if (site.Id.Value is 0 or > TraceLimits.MaxSiteId)
            throw new ArgumentOutOfRangeException(nameof(site), site.Id, $"A site id is 1 to {TraceLimits.MaxSiteId}.");
        int page = (int)(site.Id.Value >> PageBits);
        ref uint slot = ref OwnPage(page)[site.Id.Value & PageMask];
        Count += KindOf(slot) == SiteKind.Unknown ? 1 : 0;
        slot = ((uint)site.Function.Value << KindBits) | (uint)site.Kind;
        if (site.Kind is SiteKind.Exit or SiteKind.TailExit)
        {
            if (site.Function.Value >= _withExits.Length)
                _withExits.Length = Math.Max(site.Function.Value + 1, 2 * _withExits.Length);
            _withExits[site.Function.Value] = true;
        }
    }

    /// <summary>Whether the function has a site that tells of an exit.</summary>
    public bool HasExits(FunctionId function) => function.Value < _withExits.Length && _withExits[function.Value];

    /// <summary>The site, or one of kind <see cref="SiteKind.Unknown"/>.</summary>
    public SiteRecord Find(SiteId id)
    {
        uint site = Pack(id);
        return KindOf(site) == SiteKind.Unknown ? default : new SiteRecord(id, new FunctionId(FunctionOf(site)), KindOf(site));
    }

    /// <summary>Function and kind in one number: 4 bytes a site instead of 12, for what is looked up once an event; 0 for a site that is not here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Pack(SiteId id)
    {
        uint page = id.Value >> PageBits;
        uint[][] pages = _pages;
        return page < (uint)pages.Length ? Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(pages[page]), id.Value & PageMask) : 0; // pages are of one size
    }

    /// <summary>The kind in such a number.</summary>
    internal static SiteKind KindOf(uint site) => (SiteKind)(site & KindMask);

    /// <summary>Whether such a number is that of an entry or exit of a call with a place in a tree.</summary>
    internal static bool IsNested(uint site) => unchecked((site & KindMask) - 1) <= (uint)SiteKind.TailExit - 1;

    /// <summary>For such a number of a nested call: all bits if it is that of an exit, none if of an entry.</summary>
    internal static int ExitMask(uint site) => (int)(site << 30) >> 31;

    /// <summary>Whether such a number is that of an exit of a function.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsExitOf(uint site, int function) => FunctionOf(site) == function && KindOf(site) is SiteKind.Exit or SiteKind.TailExit;

    /// <summary>The function in such a number.</summary>
    internal static int FunctionOf(uint site) => (int)(site >> KindBits);

    uint[] OwnPage(int page)
    {
        int known = _pages.Length;
        if (page >= known)
        {
            Array.Resize(ref _pages, Math.Max(page + 1, known * 2));
            Array.Fill(_pages, s_nothing, known, _pages.Length - known);
        }

        if (_pages[page] == s_nothing)
            _pages[page] = new uint[PageMask + 1];
        return _pages[page];
    }
}

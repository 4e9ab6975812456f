using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>A ring in use.</summary>
sealed class DrainedRing(int index, int size)
{
    public int Index { get; } = index;

    public RingReader Reader { get; } = new(new ByteSize(size));

    /// <summary>The thread that writes it; 0 until it has said so.</summary>
    public Tid Owner { get; set; }

    /// <summary>When a hole was first seen at its tail; 0 when there is none.</summary>
    public long HoleSince { get; set; }

    /// <summary>The thread was missing from a listing of the target's threads, and its slot is free since.</summary>
    public bool IsRetired { get; set; }

    /// <summary>Entry events its thread found no room for, as last told.</summary>
    public long LostEntries { get; set; }

    /// <summary>Exit events likewise.</summary>
    public long LostExits { get; set; }

    /// <summary>Reserved slots given up.</summary>
    public long LostHoles { get; set; }
}

namespace Calltap.Trace;

/// <summary>What a chunk holds. Readers pass over types they do not know.</summary>
public enum ChunkType
{
    /// <summary>No chunk has this type.</summary>
    None = 0,

    /// <summary>One <see cref="SessionRecord"/>: machine, target, command, start.</summary>
    Session = 1,

    /// <summary><see cref="ModuleRecord"/>s.</summary>
    Modules = 2,

    /// <summary><see cref="FunctionRecord"/>s.</summary>
    Functions = 3,

    /// <summary><see cref="SiteRecord"/>s; a site is described before the first event that names it.</summary>
    Sites = 4,

    /// <summary><see cref="ThreadRecord"/>s.</summary>
    Threads = 5,

    /// <summary>Events of one thread.</summary>
    Events = 6,

    /// <summary><see cref="LostRecord"/>s: their place among the thread's events is where the loss was.</summary>
    Lost = 7,

    /// <summary><see cref="ClockRecord"/>s.</summary>
    Clock = 8,

    /// <summary><see cref="ArmingRecord"/>s.</summary>
    Arming = 9,

    /// <summary>Totals and the index of all chunks; the last chunk of a file that was finished.</summary>
    End = 10,

    /// <summary><see cref="ProcessRecord"/>s.</summary>
    Processes = 11,

    /// <summary><see cref="TaskRecord"/>s.</summary>
    Tasks = 12,
}

namespace Calltap.Target;

/// <summary>What /proc/PID/task/TID/syscall says of a thread.</summary>
internal enum ThreadActivity
{
    /// <summary>The thread has ended.</summary>
    Gone,

    /// <summary>On a CPU or waiting for one.</summary>
    Running,

    /// <summary>Asleep in a system call.</summary>
    InSystemCall,

    /// <summary>Not running and in no system call: stopped, or waiting for a page.</summary>
    Blocked,
}

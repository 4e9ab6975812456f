using System.CommandLine;
using System.Globalization;
using Calltap.Trace;

namespace Calltap.Cli.Input;

/// <summary>The threads that a user means: by the id that they had, which in a trace of a tree of processes several may have had, or by that of their process and theirs.</summary>
/// <param name="Process">The process; null for any.</param>
/// <param name="Tid">The thread's own id.</param>
readonly record struct ThreadChoice(Pid? Process, Tid Tid)
{
    /// <summary>The option.</summary>
    public static Option<ThreadChoice?> Option() => new("--tid")
    {
        Description = "Only this thread; in a trace of several processes that of one of them, as PID/TID.",
        HelpName = "TID|PID/TID",
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            string[] parts = text.Split('/');
            if (parts.Length <= 2 && TryId(parts[0], out int first) && TryId(parts[^1], out int last))
                return new ThreadChoice(parts.Length == 2 ? new Pid(first) : null, new Tid(last));
            result.AddError($"--tid {text}: is no thread id, and no PID/TID");
            return null;
        },
    };

    static bool TryId(string text, out int id) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id > 0;

    /// <summary>Their ids in a trace.</summary>
    public IReadOnlySet<Tid> In(TraceReader trace)
    {
        (Pid? process, Tid tid) = (Process, Tid);
        return trace.Threads.Where(thread => trace.Catalog.TidOf(thread) == tid && (process is null || trace.Catalog.PidOf(thread) == process)).ToHashSet();
    }

    /// <summary>As they are given.</summary>
    public override string ToString() => Process is { } process ? $"{process}/{Tid}" : $"{Tid}";
}

using System.CommandLine;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap ps</c>: the processes of this machine, and which can be traced.</summary>
static class PsCommand
{
    const int LongestCommandLine = 100;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var all = new Option<bool>("--all") { Description = "Those too that can't be traced, with the reason; kernel threads are left out." };
        var command = new Command("ps", "List the processes that can be traced.") { all };
        command.SetAction(parsed => Print(parsed.GetValue(all), terminal));
        return command;
    }

    static int Print(bool all, Terminal terminal)
    {
        TextTable table = all
            ? new TextTable(">pid", "user", ">threads", "name", "refused", "command")
            : new TextTable(">pid", "user", ">threads", "name", "command");
        foreach (ProcessEntry process in ProcessList.Read())
        {
            AttachRefusal? refusal = RefusalOf(process.Pid);
            if (refusal is AttachRefusal.KernelThread or AttachRefusal.NoSuchProcess or AttachRefusal.TargetEnded) continue;
            if (refusal is not null && !all) continue;
            string[] cells = [$"{process.Pid}", process.User, $"{process.Threads}", process.Name];
            table.Add(all ? [.. cells, Words(refusal), Short(process.CommandLine)] : [.. cells, Short(process.CommandLine)]);
        }
        table.Write(terminal);
        return table.Count > 0 ? ExitCode.Success : ExitCode.Nothing;
    }

    /// <summary>Opening a target reads a few files of /proc and changes nothing.</summary>
    static AttachRefusal? RefusalOf(Pid pid)
    {
        try
        {
            using TargetProcess target = TargetProcess.Open(pid);
            return null;
        }
        catch (AttachException e)
        {
            return e.Reason;
        }
    }

    static string Words(AttachRefusal? refusal) => refusal switch
    {
        null => "-",
        AttachRefusal.NotPermitted => "not permitted",
        AttachRefusal.Yama => "yama ptrace_scope",
        AttachRefusal.OtherMachine => "not x86-64",
        AttachRefusal.AlreadyTraced => "already traced",
        AttachRefusal.SeccompFilter => "seccomp filter",
        AttachRefusal.ShadowStack => "shadow stack",
        _ => $"{refusal}",
    };

    static string Short(string commandLine) => commandLine.Length <= LongestCommandLine ? commandLine : $"{commandLine[..(LongestCommandLine - 3)]}...";
}

using System.CommandLine;
using System.Text.Json;
using Calltap.Cli.Output;
using Calltap.Cli.Targets;
using Calltap.Managed;
using Calltap.Target;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap ps</c>: the processes of this machine, and which can be traced.</summary>
static class PsCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var all = new Option<bool>("--all") { Description = "Those too that can't be traced, with the reason; kernel threads are left out." };
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        var command = new Command("ps", "List the processes that can be traced.") { all, json };
        command.SetAction(parsed =>
        {
            List<ListedProcess> processes = [.. Processes(parsed.GetValue(all))];
            if (parsed.GetValue(json)) WriteJson(processes, terminal);
            else Print(processes, parsed.GetValue(all), terminal);
            return processes.Count > 0 ? ExitCode.Success : ExitCode.Nothing;
        });
        return command;
    }

    static IEnumerable<ListedProcess> Processes(bool all)
    {
        foreach (ProcessEntry process in ProcessList.Read())
        {
            AttachRefusal? refusal = RefusalOf(process.Pid);
            if (refusal is AttachRefusal.KernelThread or AttachRefusal.NoSuchProcess or AttachRefusal.TargetEnded) continue;
            if (refusal is null || all) yield return new ListedProcess(process, refusal, DotNetProcess.Find(process.Pid));
        }
    }

    static void Print(List<ListedProcess> processes, bool all, Terminal terminal)
    {
        TextTable table = all
            ? new TextTable(">pid", "user", ">threads", "name", "dotnet", "refused", "command")
            : new TextTable(">pid", "user", ">threads", "name", "dotnet", "command");
        foreach (ListedProcess process in processes) table.Add(process.Cells(withRefusal: all));
        table.Write(terminal);
    }

    static void WriteJson(List<ListedProcess> processes, Terminal terminal)
    {
        using var json = new Utf8JsonWriter(terminal.OutStream);
        json.WriteStartObject();
        json.WriteStartArray("processes");
        foreach (ListedProcess process in processes) process.WriteJson(json);
        json.WriteEndArray();
        json.WriteEndObject();
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
}

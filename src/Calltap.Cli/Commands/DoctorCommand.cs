using System.CommandLine;
using System.Text.Json;
using Calltap.Cli.Input;
using Calltap.Cli.Output;
using Calltap.Doctor;

namespace Calltap.Cli.Commands;

/// <summary><c>calltap doctor</c>: what this machine and a process allow, and what to do about the rest.</summary>
static class DoctorCommand
{
    const long ScarceDisk = 256L << 20;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        Option<int?> process = OptionParsers.Number("--process-id", "This process too: it is only read.", "PID", "-p");
        var json = new Option<bool>("--json") { Description = "One JSON object, for programs." };
        var command = new Command("doctor", "Say what this machine and a process allow, with the reason and the remedy of what they don't.") { process, json };
        command.SetAction(parsed =>
        {
            IReadOnlyList<Finding> machine = [.. MachineExam.Examine(), Cache()];
            IReadOnlyList<Finding> target = parsed.GetValue(process) is { } pid ? TargetExam.Examine(new Pid(pid), CacheFolder.Analyses) : [];
            if (parsed.GetValue(json)) WriteJson(machine, target, terminal);
            else Write(machine, target, terminal);
            return CodeOf([.. target, .. machine]);
        });
        return command;
    }

    /// <summary>The code that a refused attach ends with; a machine that lacks something is unsupported.</summary>
    static int CodeOf(IReadOnlyList<Finding> findings) => findings.FirstOrDefault(finding => finding.State == FindingState.Refused) switch
    {
        null => ExitCode.Success,
        { Refusal: { } refusal } => ExitCode.Of(refusal),
        _ => ExitCode.Unsupported,
    };

    static Finding Cache()
    {
        string? folder = CacheFolder.Path;
        while (folder is not null && !Directory.Exists(folder)) folder = Path.GetDirectoryName(folder);
        if (folder is null) return new Finding("cache", FindingState.Limited, "no folder to keep analyses in: each attach analyses anew", "set XDG_CACHE_HOME or HOME");
        long free = new DriveInfo(folder).AvailableFreeSpace;
        return free >= ScarceDisk
            ? new Finding("cache", FindingState.Ok, $"{free >> 20} MiB are free at {folder}")
            : new Finding("cache", FindingState.Limited, $"{free >> 20} MiB are free at {folder}", "free some, or set XDG_CACHE_HOME to another disk");
    }

    static void Write(IReadOnlyList<Finding> machine, IReadOnlyList<Finding> target, Terminal terminal)
    {
        var table = new TextTable("of", "what", "state", "reason", "remedy");
        foreach ((string of, Finding finding) in machine.Select(f => ("machine", f)).Concat(target.Select(f => ("process", f))))
            table.Add(of, finding.Topic, Words(finding.State), finding.Reason, finding.Remedy.Length == 0 ? "-" : finding.Remedy);
        table.Write(terminal);
    }

    static void WriteJson(IReadOnlyList<Finding> machine, IReadOnlyList<Finding> target, Terminal terminal)
    {
        using (var json = new Utf8JsonWriter(terminal.OutStream))
        {
            json.WriteStartObject();
            json.WriteBoolean("can_be_traced", target.Concat(machine).All(finding => finding.State != FindingState.Refused));
            WriteFindings(json, "machine", machine);
            if (target.Count > 0) WriteFindings(json, "process", target);
            json.WriteEndObject();
        }
        terminal.Out.WriteLine();
    }

    static void WriteFindings(Utf8JsonWriter json, string name, IReadOnlyList<Finding> findings)
    {
        json.WriteStartArray(name);
        foreach (Finding finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("what", finding.Topic);
            json.WriteString("state", Words(finding.State));
            json.WriteString("reason", finding.Reason);
            json.WriteString("remedy", finding.Remedy);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static string Words(FindingState state) => state switch
    {
        FindingState.Ok => "ok",
        FindingState.Limited => "limited",
        FindingState.Refused => "refused",
        _ => "not told",
    };
}

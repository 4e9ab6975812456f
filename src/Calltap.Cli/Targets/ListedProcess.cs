using System.Text.Json;
using Calltap.Managed;
using Calltap.Target;

namespace Calltap.Cli.Targets;

/// <summary>A line of <c>calltap ps</c>.</summary>
/// <param name="Process">The process.</param>
/// <param name="Refusal">Why it can't be traced; null when it can.</param>
/// <param name="DotNet">Its .NET runtime; null when it has none, or may not be read.</param>
sealed record ListedProcess(ProcessEntry Process, AttachRefusal? Refusal, DotNetProcess? DotNet)
{
    const int LongestCommandLine = 100;

    /// <summary>The cells; one more with the reason of a refusal.</summary>
    public string[] Cells(bool withRefusal)
    {
        string commandLine = Process.CommandLine;
        if (commandLine.Length > LongestCommandLine) commandLine = $"{commandLine[..(LongestCommandLine - 3)]}...";
        string[] cells = [$"{Process.Pid}", Process.User, $"{Process.Threads}", Process.Name, RuntimeText ?? "-"];
        return withRefusal ? [.. cells, RefusalText ?? "-", commandLine] : [.. cells, commandLine];
    }

    /// <summary>The same as an object, with the whole command line.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("pid", Process.Pid.Value);
        json.WriteString("user", Process.User);
        json.WriteNumber("threads", Process.Threads);
        json.WriteString("name", Process.Name);
        json.WriteString("dotnet", RuntimeText);
        json.WriteString("refused", RefusalText);
        json.WriteString("command", Process.CommandLine);
        json.WriteEndObject();
    }

    /// <summary>The version; no file tells that of a program in a single file.</summary>
    string? RuntimeText => DotNet switch
    {
        null => null,
        { Version: { } version } => version,
        { Hosting: DotNetHosting.SingleFile } => "single-file",
        _ => "?",
    };

    string? RefusalText => Refusal switch
    {
        null => null,
        AttachRefusal.NotPermitted => "not permitted",
        AttachRefusal.Yama => "yama ptrace_scope",
        AttachRefusal.OtherMachine => "not x86-64",
        AttachRefusal.AlreadyTraced => "already traced",
        AttachRefusal.SeccompFilter => "seccomp filter",
        AttachRefusal.ShadowStack => "shadow stack",
        _ => $"{Refusal}",
    };
}

using System.Numerics;
using System.Text.Json;
using Calltap.Cli.Output;
using Calltap.Code;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.Cli.Targets;

/// <summary>What is armed in a process.</summary>
/// <param name="Process">The process, in words.</param>
/// <param name="Tracer">Its tracer.</param>
/// <param name="TracerIsAlive">Whether that still runs.</param>
/// <param name="Functions">The armed functions by address.</param>
/// <param name="ArmedExits">Exits that are armed.</param>
/// <param name="Ops">The ops in use.</param>
/// <param name="Traps">The traps of all windows.</param>
sealed record SessionStatus(
    string Process, Pid Tracer, bool TracerIsAlive, IReadOnlyList<ArmedFunction> Functions, int ArmedExits,
    IReadOnlyList<string> Ops, TrapCounts Traps)
{
    /// <summary>Reads it; names take as long as reading the symbols of each module with an armed function.</summary>
    public static SessionStatus Of(TargetProcess target, LeftSession session, bool withNames)
    {
        List<SiteTableEntry> armed = [.. session.ReadSites().Where(site => site.State == SiteState.Armed)];
        AddressNames? names = withNames ? new AddressNames(target) : null;
        IReadOnlyList<string> ops = session.Ops;
        return new SessionStatus(
            $"{target.Pid} ({target.Name})", session.Tracer, session.TracerIsAlive,
            [.. armed.Where(site => site.Kind == SiteKind.Entry).OrderBy(site => site.Address).Select(site => Function(site, session, ops, names))],
            armed.Count(site => site.Kind != SiteKind.Entry), [.. ops.Where(op => op.Length > 0)], session.Traps);
    }

    static ArmedFunction Function(SiteTableEntry site, LeftSession session, IReadOnlyList<string> ops, AddressNames? names)
    {
        (string name, string module) = names?.Of(site.Address) ?? ($"{site.Address}", "");
        bool several = BitOperations.PopCount(site.Ops) > 1;
        string one = session.KindOf(BitOperations.TrailingZeroCount(site.Ops) % ops.Count) == OpKind.Graph ? "graph" : "count";
        return new ArmedFunction(
            name, module, site.Address, [.. ops.Where((_, i) => (site.Ops >> i & 1) != 0)], several ? "list" : one, site.Trampoline);
    }

    /// <summary>For people. A function's line is that of the kernel's enabled_functions: name (number of ops) ->what is called.</summary>
    public void Write(TextWriter output, bool functions)
    {
        output.WriteLine($"process {Process}: {Texts.Of(Functions.Count, "function")} armed, with {Texts.Of(ArmedExits, "exit")}");
        output.WriteLine($"tracer: calltap (pid {Tracer}), {(TracerIsAlive ? "running" : $"gone: `calltap detach -p {Process.Split(' ')[0]}` restores every byte")}");
        foreach (string op in Ops) output.WriteLine($"op: {op}, {Texts.Of(Functions.Count(f => f.Ops.Contains(op)), "function")}");
        output.WriteLine(
            $"traps: {Texts.Count(Traps.Hits)} hit; emulated: {Traps.EmulatedCalls} call, {Traps.EmulatedJumps} jmp, {Traps.EmulatedNops} nop, {Traps.EmulatedReturns} ret; "
            + $"parked {Traps.Parked}, refused by ops {Traps.Refused}, late {Traps.Late}, foreign {Traps.Foreign}, misdirected {Traps.Misdirected}; threads moved {Traps.Moved}, interrupted {Traps.Interrupted}");
        if (!functions) return;
        foreach (ArmedFunction f in Functions)
            output.WriteLine($"{f.Name} ({f.Ops.Count}) {f.Address} [{f.Module}] ->{f.Caller} {f.Trampoline} ops: {string.Join(", ", f.Ops)}");
    }

    /// <summary>For programs.</summary>
    public void WriteJson(Stream output, bool functions)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("armed", Functions.Count);
        json.WriteNumber("armed_exits", ArmedExits);
        json.WriteNumber("tracer", Tracer.Value);
        json.WriteBoolean("tracer_alive", TracerIsAlive);
        WriteStrings(json, "ops", Ops);
        json.WriteStartObject("traps");
        foreach ((string name, long value) in Totals) json.WriteNumber(name, value);
        json.WriteEndObject();
        if (functions) WriteFunctions(json);
        json.WriteEndObject();
    }

    IReadOnlyList<(string Name, long Value)> Totals =>
    [
        ("hits", Traps.Hits), ("emulated_calls", Traps.EmulatedCalls), ("emulated_jumps", Traps.EmulatedJumps), ("emulated_nops", Traps.EmulatedNops),
        ("emulated_returns", Traps.EmulatedReturns), ("parked", Traps.Parked), ("refused_by_ops", Traps.Refused), ("late", Traps.Late), ("foreign", Traps.Foreign), ("moved", Traps.Moved),
        ("interrupted", Traps.Interrupted), ("restarted", Traps.Restarted), ("misdirected", Traps.Misdirected), ("answered_in_target", Traps.AnsweredInTarget),
    ];

    void WriteFunctions(Utf8JsonWriter json)
    {
        json.WriteStartArray("functions");
        foreach (ArmedFunction function in Functions)
        {
            json.WriteStartObject();
            json.WriteString("name", function.Name);
            json.WriteString("module", function.Module);
            json.WriteString("address", $"{function.Address}");
            WriteStrings(json, "ops", function.Ops);
            json.WriteString("caller", function.Caller);
            json.WriteString("trampoline", $"{function.Trampoline}");
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}

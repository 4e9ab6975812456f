using System.Text.RegularExpressions;
using Calltap.Tests.Docs;
using Xunit;

namespace Calltap.Tests.Model;

/// <summary>
/// The model says in its own words what the engine does. Where the engine's order changes, or a class that the model stands for goes, one
/// of these fails, and the model has to be looked at.
/// </summary>
public sealed partial class DriftTests
{
    static readonly (Step Step, string Code)[] s_steps =
    [
        (Step.Install, "_table.Install(sync)"),
        (Step.Open, "guard.Open("),
        (Step.Enter, "guard.Run(GuardPhase.Enter"),
        (Step.BeginHeads, "table.BeginHeads()"),
        (Step.Breakpoints, "group.WriteBreakpoints"),
        (Step.SyncBreakpoints, "SyncCores"),
        (Step.Clear, "See(group)"),
        (Step.KeepBeforeTails, "KeepHandler"),
        (Step.BeginTails, "table.BeginTails"),
        (Step.Tails, "group.WriteTails"),
        (Step.SyncTails, "SyncCores"),
        (Step.KeepBeforeHeads, "KeepHandler"),
        (Step.Heads, "group.WriteHeads"),
        (Step.SyncHeads, "SyncCores"),
        (Step.Answer, "guard.Run(GuardPhase.Answer"),
        (Step.Drain, "Drain(guard)"),
        (Step.End, "_table.End"),
        (Step.Mend, "MendForkChildren(plan, guard)"),
        (Step.Uninstall, "TryUninstall(sync)"),
        (Step.Close, "guard.Close()"),
    ];

    [Fact]
    public void The_writer_steps_are_those_of_a_batch()
    {
        Assert.Equal(Enumerable.Range((int)Step.Install, Step.Close - Step.Idle).Select(step => (Step)step), s_steps.Select(step => step.Step));
        IEnumerable<string> Code(Func<Step, bool> which) => s_steps.Where(step => which(step.Step)).Select(step => step.Code);
        AssertOrder("src/Calltap/Patching/TextPoker.cs", "public BatchResult Poke(",
            [.. Code(step => step < Step.BeginHeads), "passes.Change(group)", .. Code(step => step > Step.Answer)]);
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "public string? Change(", Code(step => step is >= Step.BeginHeads and <= Step.SyncHeads));
    }

    [Fact]
    public void Groups_follow_one_another_as_modelled()
    {
        AssertOrder("src/Calltap/Patching/PokePlan.cs", "void Arrange()", ["run.Plain!", "!poke.NeedsClearing", "run.Clearing!", "=> poke.NeedsClearing"]);
        AssertOrder("src/Calltap/Patching/TextPoker.cs", "void Window(",
            ["GuardPhase.Enter", "plan.Groups", "if (failure is not null) group.Defer(group.Pokes, failure)", "else failure = passes.Change(group)", "Drain(guard)"]);
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "public string? Change(",
            ["regions.Activate(group.Pokes)", "table.BeginHeads()", "ByTracer(group)", "HeadsThenRest(", "AllAtOnce(", "guard.Run(GuardPhase.Answer", "string? AllAtOnce("]);
        AssertOrder("src/Calltap/Patching/RegionMap.cs", "public int FindInterior(", ["_active[index]", "public IEnumerable<Poke> Deferred", "_active[i]"]);
    }

    [Fact]
    public void A_list_that_ends_early_is_taken_up_as_modelled()
    {
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "string? AllAtOnce(", ["GoOn(group, done < heads)", "string? HeadsThenRest(", "GoOn(group, back: true)", "GoOn(group, back: false)"]);
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "string? GoOn(", ["if (back) group.Defer", "group.ReadAgain", "Forward(group)"]);
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "int Run(IPassList list)", ["list.Run()", "Insist(KeepHandler)"]);
        AssertOrder("src/Calltap/Patching/PokeGroup.cs", "public void ReadAgain()", ["target.ReadMemory", "sites.PutBreakpoints()", "public void WriteBreakpoints("]);
    }

    [Fact]
    public void A_thread_is_parked_as_modelled()
    {
        AssertOrder("src/Calltap/Patching/ParkPolicy.cs", "Answer(", ["registers.rip = poke.Site.Address.Value", "Int3Answer.Parked"]);
        AssertOrder("src/Calltap/Patching/TrapAnswers.cs", "public TrapOutcome Answer(", ["GuardPhase.Drain or GuardPhase.Close ? s_afterHeads", "TrapOutcome.Parked", "SetRegisters("]);
        AssertOrder("src/Calltap/Patching/StopServer.cs", "void ServeTrap(", ["_traps.Answer(", "See(index", "Park(ref", "static void Park(", "Wait.One("]);
        AssertOrder("src/Calltap/Patching/StopServer.cs", "public void LookAtHeld(",
            ["GuardPhase.Clear or GuardPhase.Drain", "See(i", "GuardPhase.Enter or GuardPhase.Clear) continue", "Parked = false", "Resume("]);
        AssertOrder("src/Calltap/Patching/Guard.cs", "void Start(", ["_threads.StartPhase()", "_stops.LookAtHeld(phase)"]);
    }

    [Fact]
    public void A_running_thread_is_looked_at_as_modelled()
    {
        AssertOrder("src/Calltap/Patching/Onlooker.cs", "bool IsSeenRunning(", ["thread.Ask()", "TryTake(thread", "IsProven(thread", "SeenRunning(sample.Pc, phase) && SeesStack(", "thread.Ask()"]);
        AssertOrder("src/Calltap/Patching/Onlooker.cs", "bool IsProven(", ["thread.Scanned is not", "then != thread.SignalsTaken", "SeenRunning(sample.Pc, phase, inTrapHandler: phase == GuardPhase.Clear)"]);
        AssertOrder("src/Calltap/Patching/Onlooker.cs", "bool SeesStack(", ["window.Scan.Scan(", "thread.Scanned = thread.Asked"]);
        AssertOrder("src/Calltap/Patching/RunningThread.cs", "public void Ask()", ["Asked = SignalsTaken", "sampler.Ask()"]);
    }

    [Fact]
    public void The_helper_is_given_the_same_steps()
    {
        string[] forward = ["group.AddTails", "list.SyncCores", "group.AddHeads", "list.SyncCores"];
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "static void AddHeads(", ["group.AddBreakpoints", "list.SyncCores", "static void AddRest(", .. forward]);
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "string? AllAtOnce(", ["AddHeads(", "WindowTableLayout.Tails", "AddRest("]);
        AssertOrder("src/Calltap/Patching/WindowPasses.cs", "string? HeadsThenRest(", ["AddHeads(", "Run(list)", "See(group)", "table.BeginTails", "AddRest(", "Run(list)"]);
    }

    [Fact]
    public void The_guard_asks_its_questions_in_the_order_modelled() =>
        AssertOrder("src/Calltap/Patching/TrapAnswers.cs", "public TrapOutcome Answer(",
            ["siginfo_t.SI_KERNEL", "KnownSites.Contains", "AnswersInTarget", "!= PatchBytes.Int3", "Answers.Now.TryGetValue", "policy).Answer"]);

    [Fact]
    public void The_guard_marks_a_trap_before_it_sets_the_registers() =>
        AssertOrder("src/Calltap/Patching/TrapAnswers.cs", "static bool SetRegisters(", ["BeingAnswered", "Ptrace.SetSigInfo", "Ptrace.SetRegs"]);

    [Fact]
    public void The_handler_asks_its_questions_in_the_order_modelled() =>
        AssertOrder("src/Calltap.Code/Emit/TrapHandlerEmitter.cs", "byte[] EmitAll()",
            ["SI_KERNEL", "Mark", "BeingAnswered", "Find(found, missing)", "WindowTableLayout.Fillings", "Answer(find)", "void Answer(", "Int3", "jne(late)", "WindowTableLayout.Kind", "WindowTableLayout.Fillings"]);

    [Fact]
    public void The_helper_ends_a_window_by_the_steps_modelled() =>
        AssertOrder("src/Calltap/Target/WindowEndEmitter.cs", "internal static void Emit(",
            ["State], WindowTableLayout.Closed", "State], WindowTableLayout.Tails", "EmitOldHead", "EmitTail", "EmitSync", "EmitNewHead", "EmitSync", "State], WindowTableLayout.Closed"]);

    static void AssertOrder(string file, string from, IEnumerable<string> phrases)
    {
        string text = File.ReadAllText(Path.Combine(ReferencedFilesTests.Root, file));
        int at = text.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0, $"{file} has no \"{from}\"");
        foreach (string phrase in phrases)
        {
            int found = text.IndexOf(phrase, at, StringComparison.Ordinal);
            Assert.True(found >= 0, $"{file}: \"{phrase}\" does not follow where the model has it");
            at = found + phrase.Length;
        }
    }

    [Fact]
    public void What_the_model_stands_for_exists()
    {
        string[] sources = Directory.GetFiles(Path.Combine(ReferencedFilesTests.Root, "src"), "*.cs", SearchOption.AllDirectories);
        string[] named = [.. Directory.GetFiles(Path.Combine(ReferencedFilesTests.Root, "tests", "Calltap.Tests", "Model"), "*.cs")
            .SelectMany(file => Named().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Distinct()];
        Assert.Contains("ThreadObserver.SeenAsleep", named);
        Assert.All(named, name =>
        {
            string[] parts = name.Split('.');
            string file = Assert.Single(sources, source => Path.GetFileNameWithoutExtension(source) == parts[0]);
            if (parts.Length > 1) Assert.Matches($@"\b{parts[1]}\b", File.ReadAllText(file));
        });
    }

    [GeneratedRegex(@"<c>([A-Z]\w+(?:\.[A-Z]\w+)?)</c>")]
    private static partial Regex Named();
}

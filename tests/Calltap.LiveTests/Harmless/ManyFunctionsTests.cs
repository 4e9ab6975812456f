using System.Diagnostics;
using System.Globalization;
using Calltap.Cli.Demo;
using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Target;
using Calltap.Probes;
using Calltap.Recording;

namespace Calltap.LiveTests.Harmless;

/// <summary>Tens of thousands of functions armed at once, 200,000 in the long form.</summary>
[Collection(EngineTests.Name)]
public sealed class ManyFunctionsTests(ITestOutputHelper output)
{
    const int Threads = 2, Rounds = 2;

    readonly Op _graph = new(OpKind.Graph, FunctionFilter.Parse(["plenty_f*"], []), "graph");

    [Fact]
    public void All_of_very_many_functions_are_armed_called_and_disarmed()
    {
        int functions = LiveTest.Repeat(10_000, 200_000);
        using SmallProgram program = SmallProgram.Start("plenty", Threads, build: ProgramBuild.Usual with { More = [Functions(functions)] });
        long resident = Resident(program.Pid);
        var watch = Stopwatch.StartNew();
        using TraceSession session = program.Attach();
        TimeSpan attached = watch.Elapsed;
        using var file = new MemoryStream();
        using var recorder = new Recorder(session, file, new RecordOptions());
        watch.Restart();
        ArmReport armed = recorder.Add([_graph]);
        TimeSpan added = watch.Elapsed;
        Assert.Equal(functions, armed.Armed);
        program.Run(Rounds);
        long residentArmed = Resident(program.Pid);
        watch.Restart();
        ArmReport? disarmed = recorder.Stop();
        TimeSpan removed = watch.Elapsed;
        RecordedCalls calls = RecordedCalls.Read(file);
        output.WriteLine($"{functions} functions: analysed and attached in {attached.TotalMilliseconds:0} ms, armed in {added.TotalMilliseconds:0} (window {armed.Batch.Window.TotalMilliseconds:0.0}), disarmed and the last events taken in {removed.TotalMilliseconds:0} ms (window {disarmed?.Batch.Window.TotalMilliseconds:0.0}); "
            + $"resident: target {resident} kB, armed {residentArmed} kB; tracer {Resident(new Pid(Environment.ProcessId))} kB with the test; lost {calls.LostEntries}");
        Assert.Equal((long)functions * Threads * Rounds, calls.Entries + calls.LostEntries);
        if (calls.LostEntries == 0)
            Assert.All(session.Catalog.Functions.Where(f => f.Name.StartsWith("plenty_f", StringComparison.Ordinal)), f => Assert.Equal(Threads * Rounds, calls.EntriesOf(f.Id)));
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>Function n returns what it is given + n + 200. Two instructions, without padding: entry and exit are one site.</summary>
    static SourceFile Functions(int count) => new("plenty_functions.s",
        $$"""
        .altmacro
        .macro plenty_one n
        .globl plenty_f\n
        .type plenty_f\n,@function
        plenty_f\n:
        leaq 200+\n(%rdi), %rax
        ret
        .size plenty_f\n, . - plenty_f\n
        .pushsection .data.rel.ro.plenty,"aw",@progbits
        .quad plenty_f\n
        .popsection
        .endm
        .pushsection .data.rel.ro.plenty,"aw",@progbits
        .globl plenty_begin
        plenty_begin:
        .popsection
        .text
        .set i, 0
        .rept {{count}}
        plenty_one %i
        .set i, i + 1
        .endr
        .pushsection .data.rel.ro.plenty,"aw",@progbits
        .globl plenty_end
        plenty_end:
        .popsection
        .section .note.GNU-stack,"",@progbits

        """);

    static long Resident(Pid pid) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(),
        CultureInfo.InvariantCulture);
}

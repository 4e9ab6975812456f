using System.Globalization;
using Calltap.Trace;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Trace;

/// <summary>Report and replay take most calls by a way of their own, without a visitor: they say what a visitor is told.</summary>
public sealed class FastPathTests
{
    [Theory]
    [InlineData("calls")]
    [InlineData("signals")]
    [InlineData("anything")]
    [InlineData("deep")]
    public void A_flat_replay_and_a_report_say_what_a_visitor_is_told(string kind)
    {
        int compared = 0;
        Gen.Select(Gen.Int[0, 1 << 30], Gen.Int[0, 3], Gen.Int[1, 5]).Sample(
            (seed, root, depth) =>
            {
                CallScope scope = root == 0 ? CallScope.All : new CallScope(root == 3 ? null : [new FunctionId(root)], depth);
                using TraceReader reader = TraceReader.Open(File(kind, seed), "t");
                var log = new Log(reader.Catalog);
                var calls = new CallReader(reader.Catalog, _ => log, scope);
                reader.ReadMerged(calls);
                calls.Finish();
                Assert.Equal(log.Lines, Flat(reader, scope));
                TraceReport report = ReportBuilder.Build(reader, scope: scope);
                Assert.Equal(
                    log.Calls.GroupBy(call => reader.Catalog.NameOf(call.Function)).Select(group => Sums(group.Key, group)).Order(StringComparer.Ordinal),
                    report.Functions.Select(f => $"{f.Name} {f.Calls} {f.TotalNs} {f.SelfNs} {f.MinNs} {f.MaxNs}").Order(StringComparer.Ordinal));
                Assert.Equal(calls.Threads.Values.Sum(thread => thread.OrphanExits), report.OrphanExits);
                Assert.Equal(calls.Threads.Values.Sum(thread => thread.UnknownSites), report.UnknownSites);
                Interlocked.Add(ref compared, log.Calls.Count);
            },
            iter: 60);
        Assert.True(compared > 1000);
    }

    static string Sums(string name, IEnumerable<Call> calls)
    {
        Call[] all = [.. calls], known = [.. all.Where(call => call.Ticks is not null)];
        long? Sum(IEnumerable<Call> some, Func<Call, ulong?> ticks) => known.Length == 0 ? null : some.Sum(call => (long)(ticks(call) ?? 0));
        long? self = all.Any(call => call.SelfTicks is not null) ? Sum(all, call => call.SelfTicks) : null;
        return $"{name} {all.Length} {Sum(known.Where(call => call.IsOutermost), call => call.Ticks)} {self} {known.Min(call => call.Ticks)} {known.Max(call => call.Ticks)}";
    }

    static string[] Flat(TraceReader reader, CallScope scope)
    {
        using var output = new StringWriter();
        ReplayWriter.Write(reader, output, new ReplayOptions { Scope = scope, IsFlat = true });
        return [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#' && !line.Contains("events lost", StringComparison.Ordinal))
            .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(2).Where(word => word is not ("us" or "+" or "!" or "#" or "*" or "@" or "$"))))];
    }

    static byte[] File(string kind, int seed)
    {
        var random = new Random(seed);
        TraceEvent[] events = Events(kind, random);
        return TraceSample.Write(w =>
        {
            for (int at = 0; at < events.Length;)
            {
                int count = Math.Min(events.Length - at, random.Next(1, 400));
                w.WriteEvents(new Tid(1), events.AsSpan(at, count));
                at += count;
                if (random.Next(5) == 0)
                    w.WriteLost(new LostRecord(new Tid(1), events[at - 1].Time, at, 0, 0));
                else if (random.Next(2) == 0)
                    w.Flush();
            }
        });
    }

    static TraceEvent[] Events(string kind, Random random)
    {
        ulong time = 1;
        if (kind == "anything")
            return [.. Enumerable.Range(0, 1500).Select(_ => new TraceEvent(
                new TscTime(time += (ulong)random.Next(0, 900)), new SiteId((uint)random.Next(1, 20)), (uint)random.Next(8) * (random.Next(50) == 0 ? 0x1000_0000u : 32)))];
        if (kind == "deep")
            return [.. Deep(random)];
        if (kind == "signals")
        {
            var signals = new SignalProgram(random.Next(), (AltStack)random.Next(3));
            signals.Run(600);
            return [.. signals.Events];
        }

        var program = new RandomProgram(random.Next());
        program.Run(600);
        return [.. program.Events];
    }

    // Goes down by more frames than a stack has at first and up again, past calls that are gone without an exit, and to the other side of the step that is another stack.
    static IEnumerable<TraceEvent> Deep(Random random)
    {
        string[] functions = ["main", "leaky", "a::b(int)", "h"];
        var open = new Stack<(string Function, uint Stack)>();
        for (ulong i = 1; i <= 2000; i++)
        {
            if (random.Next(40) == 0)
                for (int gone = random.Next(1, 4); gone > 0 && open.Count > 1; gone--)
                    open.Pop();
            uint stack = open.Count > 0 ? open.Peek().Stack : 0x7fff_f000;
            if (open.Count == 0 || random.Next(10) < (i / 400 % 2 == 0 ? 7 : 3))
            {
                string function = random.Next(25) == 0 ? TraceSample.Functions[random.Next(1, 4)].DisplayName : functions[random.Next(functions.Length)];
                open.Push((function, stack - (random.Next(200) == 0 ? 70u << 20 : 16 * (uint)random.Next(1, 9))));
                yield return TraceSample.Entry(i * 100, open.Peek().Function, open.Peek().Stack);
            }
            else
            {
                (string function, stack) = open.Pop();
                yield return TraceSample.Exit(i * 100, function, stack);
            }
        }
    }

    sealed class Log(TraceCatalog catalog) : ICallVisitor
    {
        public List<string> Lines { get; } = [];

        public List<Call> Calls { get; } = [];

        public void OnEntry(FunctionId function, int depth, long parent, TscTime start) => Lines.Add($"enter {catalog.NameOf(function)}");

        public void OnCall(in Call call)
        {
            Calls.Add(call);
            if (call.EndedBy != EndedBy.Unknown)
                Lines.Add(string.Create(CultureInfo.InvariantCulture, $"{(call.EndedBy == EndedBy.Unwind ? "unwound" : "leave")} {catalog.NameOf(call.Function)} {call.Ticks / 1000}.{call.Ticks % 1000:000}"));
        }

        public void OnOrphanExit(FunctionId function, TscTime time) => Lines.Add($"leave {catalog.NameOf(function)} /* entered before */");
    }
}

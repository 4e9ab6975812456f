using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Probes;
using Calltap.Symbols;

namespace Calltap.LiveTests.Engine;

/// <summary>Somebody else's uprobe: a site that has one is not armed, and one that was set on an armed site is not touched, and reported.</summary>
[Collection(EngineTests.Name)]
public sealed partial class UprobeTests
{
    readonly Op _leaf = new(OpKind.Graph, FunctionFilter.Parse(["guest_leaf"], []), "leaf");
    readonly Op _both = new(OpKind.Graph, FunctionFilter.Parse(["guest_leaf", "guest_root"], []), "both");

    [Fact]
    public void A_site_with_a_probe_is_refused_until_it_is_gone()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        using TraceSession session = program.Attach();
        TargetFunction leaf = Leaf(session);
        using (Uprobe.Set(session, leaf))
        {
            Assert.Equal(PatchBytes.Int3, FirstByte(session, leaf)); // the control: it is there
            ArmReport report = session.Add(_both);
            Assert.Equal(1, report.Armed);
            Assert.Contains("holds CC", Assert.Single(report.Refused).Reason, StringComparison.OrdinalIgnoreCase);
            program.Run(1000); // through the probe, from the armed function beside it
            session.Remove(_both);
            Assert.Equal(PatchBytes.Int3, FirstByte(session, leaf));
        }
        Assert.Equal(1, session.Add(_leaf).Armed);
        program.Run(1000);
        session.Detach();
        TextImage.AssertRestored(session.Target, session.Catalog);
        program.AssertRight();
    }

    /// <summary>The kernel writes over our jump; whoever calls then runs into the middle of it, so nobody may call here.</summary>
    [Fact]
    public void A_probe_on_an_armed_site_is_reported_and_left_alone()
    {
        using SmallProgram program = SmallProgram.Start("guest", 2, 1);
        using TraceSession session = program.Attach();
        TargetFunction leaf = Leaf(session);
        Assert.Equal(2, session.Add(_both).Armed);
        Assert.Equal(0xe9, FirstByte(session, leaf));
        byte[] now = new byte[PatchBytes.Length], later = new byte[PatchBytes.Length];
        using (Uprobe.Set(session, leaf))
        {
            session.Target.ReadMemory(leaf.Address, now);
            Assert.Equal(PatchBytes.Int3, now[0]);
            Assert.Contains(session.Remove(_both).Batch.Refused, s => s.Address == leaf.Address && s.Refusal!.Contains("expected", StringComparison.Ordinal));
            session.Target.ReadMemory(leaf.Address, later);
            Assert.Equal(now, later);
        }
        ArmReport? report = session.Detach(); // the file's byte before our tail: nobody knows what should be there
        Assert.Contains(report!.Batch.Refused, s => s.Address == leaf.Address);
        Assert.True(program.IsRunning);
        Assert.Equal(0, program.Control.WrongResults);
    }

    static TargetFunction Leaf(TraceSession session) => session.Catalog.Functions.Single(f => f.Name == "guest_leaf");

    static byte FirstByte(TraceSession session, TargetFunction function)
    {
        Span<byte> first = stackalloc byte[1];
        Assert.Equal(1, session.Target.ReadMemory(function.Address, first));
        return first[0];
    }

    /// <summary>A uprobe of one process (perf_event_open(2) with the kernel's "uprobe" source); it ends with its descriptor.</summary>
    sealed unsafe partial class Uprobe(int descriptor) : IDisposable
    {
        const long SYS_perf_event_open = 298;
        const string Type = "/sys/bus/event_source/devices/uprobe/type";

        public static Uprobe Set(TraceSession session, TargetFunction function)
        {
            Assert.SkipUnless(File.Exists(Type), "this kernel has no uprobes by perf_event_open");
            // struct perf_event_attr, its first published 72 bytes: type, size, ..., config1 at 56, config2 at 64.
            Span<ulong> attributes = stackalloc ulong[9];
            attributes.Clear();
            attributes[0] = uint.Parse(File.ReadAllText(Type), CultureInfo.InvariantCulture) | 72ul << 32;
            byte[] path = Encoding.UTF8.GetBytes(function.Module.Path + "\0");
            fixed (ulong* attribute = attributes)
            fixed (byte* name = path)
            {
                attributes[7] = (ulong)name;
                attributes[8] = OffsetOf(session, function);
                long fd = syscall(SYS_perf_event_open, attribute, session.Target.Pid.Value, -1, -1, 8); // PERF_FLAG_FD_CLOEXEC
                Assert.SkipWhen(fd < 0, $"no uprobe allowed here: {Marshal.GetLastPInvokeErrorMessage()}");
                return new Uprobe((int)fd);
            }
        }

        public void Dispose() => _ = close(descriptor);

        static ulong OffsetOf(TraceSession session, TargetFunction function)
        {
            MemoryMapping text = session.Target.ReadMappings().Single(m => function.Address >= m.Start && function.Address < m.End);
            return (ulong)(text.Offset.Value + (function.Address - text.Start));
        }

        [LibraryImport("libc", SetLastError = true)]
        private static partial long syscall(long number, void* attributes, int pid, int cpu, int group, ulong flags);
        [LibraryImport("libc")]
        private static partial int close(int fd);
    }
}

using Calltap.Code.Emit;
using Iced.Intel;
using Xunit;

namespace Calltap.Tests.Emit;

/// <summary>What holds for every instruction of the trampolines, whoever changes them.</summary>
public sealed class TrampolineCodeTests
{
    const int RedZone = 128;

    static readonly SessionMemoryLayout s_layout = new(256, 1 << 20, 1000);

    static readonly TrampolineOptions s_options = new(new(0x7f10_0000_0000), new(0x7f20_0000_0000), s_layout, new(0x7f30_0000_0000), new(0x2d0, 0x10));

    [Fact]
    public void Stores_go_to_the_red_zone_or_through_a_register_that_holds_session_memory()
    {
        foreach (Instruction instruction in Code(s_options))
        {
            if (!Writes(instruction)) continue;
            if (instruction.MemoryBase == Register.RSP)
                Assert.InRange((long)instruction.MemoryDisplacement64, -RedZone, -8);
            else
                Assert.Contains(instruction.MemoryBase, (Register[])[Register.RAX, Register.RCX, Register.RDX, Register.R8, Register.R11]);
        }
    }

    [Fact]
    public void Nothing_leaves_the_trampolines_and_nothing_touches_vectors_or_system_state()
    {
        List<Instruction> code = Code(s_options);
        ulong start = code[0].IP, end = code[^1].NextIP;
        var factory = new InstructionInfoFactory();
        foreach (Instruction instruction in code)
        {
            if (instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch or FlowControl.Call)
                Assert.InRange(instruction.NearBranchTarget, start, end - 1);
            else
                Assert.True(instruction.FlowControl is FlowControl.Next or FlowControl.Return, $"{instruction}");
            Assert.DoesNotContain(factory.GetInfo(instruction).GetUsedRegisters(), r => r.Register.IsVectorRegister());
            Assert.DoesNotContain(instruction.Mnemonic, (Mnemonic[])[Mnemonic.Syscall, Mnemonic.Pushf, Mnemonic.Popf, Mnemonic.Cpuid, Mnemonic.Int3]);
        }
    }

    [Fact]
    public void Every_code_address_fits_where_it_was_emitted_for()
    {
        Trampolines trampolines = TrampolineEmitter.Emit(s_options, new(0x7f00_0000_0000));
        TargetAddress[] starts =
        [
            trampolines.GraphEntry, trampolines.GraphEntryFlagsDead, trampolines.GraphExit, trampolines.CountEntry,
            trampolines.CountEntryFlagsDead, trampolines.ListEntry,
        ];
        Assert.Equal(starts.Length, starts.Distinct().Count());
        HashSet<ulong> instructions = [.. Code(s_options).Select(i => i.IP)];
        Assert.All(starts, start => Assert.Contains(start.Value, instructions));
    }

    [Fact]
    public void The_fast_path_locks_nothing()
    {
        // Locked instructions are reached by a jump out of line only: before the first ret of each trampoline there is none.
        List<Instruction> code = Code(s_options);
        Trampolines trampolines = TrampolineEmitter.Emit(s_options, new(0x7f00_0000_0000));
        foreach (TargetAddress start in new[] { trampolines.GraphEntry, trampolines.GraphExit, trampolines.CountEntry })
        {
            IEnumerable<Instruction> path = code.SkipWhile(i => i.IP < start.Value).TakeWhile(i => i.Mnemonic != Mnemonic.Ret);
            Assert.NotEmpty(path);
            Assert.DoesNotContain(path, i => i.HasLockPrefix);
        }
    }

    static bool Writes(in Instruction instruction) => new InstructionInfoFactory().GetInfo(instruction).GetUsedMemory()
        .Any(m => m.Access is OpAccess.Write or OpAccess.ReadWrite or OpAccess.CondWrite or OpAccess.ReadCondWrite)
        && instruction.Mnemonic is not (Mnemonic.Push or Mnemonic.Pushfq or Mnemonic.Call);

    static List<Instruction> Code(TrampolineOptions options)
    {
        var at = new TargetAddress(0x7f00_0000_0000);
        Trampolines trampolines = TrampolineEmitter.Emit(options, at);
        Decoder decoder = Decoder.Create(64, trampolines.Code.ToArray(), at.Value);
        var code = new List<Instruction>();
        while (decoder.IP < trampolines.Counting.TablePointer.Value)
        {
            code.Add(decoder.Decode());
            Assert.False(code[^1].IsInvalid);
        }
        return code;
    }
}

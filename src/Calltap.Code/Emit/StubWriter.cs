using System.Buffers.Binary;
using System.Numerics;

namespace Calltap.Code.Emit;

/// <summary>
/// Writes stubs one after another into a buffer that will be placed at a known address. A stub is the code of one
/// site: call the op's trampoline, run the displaced instructions, go back.
/// </summary>
/// <remarks>
/// The operand is stored and the trampoline called below rsp, in the red zone: right at a function's entry and when
/// it is about to leave, which are the only places a stub does so (<see cref="TrampolineEmitter"/>).
/// <code>
/// entry:   mov dword [rsp-16], operand; call trampoline; displaced...; jmp site+length
/// check:   jcc displaced; mov dword ...; call trampoline; displaced: jcc target; jmp site+length
/// count:   find the thread's slot; inc its counter; displaced...; jmp site+length, or ret where one stands there; a call
///          for who has no slot yet
/// return:  displaced...; mov dword [rsp-16], operand; call trampoline; ret
/// jcc:     jcc taken; jmp site+length; taken: mov dword ...; call trampoline; jmp target
/// </code>
/// </remarks>
public sealed class StubWriter
{
    /// <summary>No stub is longer: displaced instructions of a region and its exit, each at most quadrupled, and counting.</summary>
    public const int MaxStubSize = 288;

    const int EventSize = 13;
    const int JumpSize = 5;
    const byte Return = 0xc3;

    readonly byte[] _buffer;
    readonly TargetAddress _start;
    readonly CountingStub _counting;

    /// <summary>Starts at the beginning of <paramref name="buffer"/>, which will be placed at <paramref name="start"/>.</summary>
    public StubWriter(byte[] buffer, TargetAddress start, CountingStub counting) =>
        (_buffer, _start, _counting) = (buffer, start, counting);

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes that are free.</summary>
    public int Room => _buffer.Length - Length;

    /// <summary>Address of the next byte.</summary>
    public TargetAddress Next => _start + Length;

    /// <summary>Writes the stub of a site.</summary>
    /// <param name="plan">The site.</param>
    /// <param name="region">The original bytes of its region.</param>
    /// <param name="at">Its address in the target.</param>
    /// <param name="events">What to call.</param>
    /// <param name="stub">The stub written.</param>
    /// <param name="reason">Why it can't be: nothing is written then.</param>
    public bool TryWrite(
        SitePlan plan, ReadOnlySpan<byte> region, TargetAddress at, in StubEvents events,
        out Stub? stub, out RefusalReason reason)
    {
        stub = null;
        int before = Length, begin = plan.MayFault && Room >= MaxStubSize ? Unmistakable(plan, region, at) : before;
        if (begin < 0 || _buffer.Length - begin < MaxStubSize)
        {
            reason = begin < 0 ? RefusalReason.MayFault : RefusalReason.ArenaFull;
            return false;
        }
        Length = begin;
        Span<byte> offsets = stackalloc byte[OffsetSet.MaxOffset + 1];
        TargetAddress displaced;
        if (plan.Kind == SiteKind.ConditionalTailJump)
            reason = ConditionalTail(plan, region, at, events, out displaced);
        else if (plan.Kind == SiteKind.Entry && !plan.CombinedExit)
            reason = Entry(plan, region, at, events, offsets, out displaced);
        else
            reason = Leaving(plan, region, at, events, offsets, out displaced);
        if (reason != RefusalReason.None)
        {
            Length = before;
            return false;
        }
        stub = new Stub(_start + begin, displaced, Interior(plan, displaced, offsets));
        return true;
    }

    // Where a fault is told to be in the middle of the region, the runtime reads what is there: the distance of the jump must not look like an epilogue. Where the stub is to begin; -1 where it
    // looks like one wherever that is.
    int Unmistakable(SitePlan plan, ReadOnlySpan<byte> region, TargetAddress at)
    {
        const int Most = 32;
        Span<byte> text = stackalloc byte[RegionBytes.MaxLength];
        region[..plan.Length].CopyTo(text);
        OffsetSet faulting = Managed.FaultingInstructions.Of(plan);
        for (int begin = Length; begin < Math.Min(Length + Most, _buffer.Length); begin++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(text[(plan.PatchLength - sizeof(int))..], Relative(at + plan.PatchLength, _start + begin));
            bool misleads = false;
            foreach (int offset in faulting) misleads |= offset is not 0 && offset < plan.PatchLength && Managed.EpilogueText.MayBe(text[offset..plan.Length]);
            if (!misleads) return begin;
        }
        return -1;
    }

    RefusalReason Entry(
        SitePlan plan, ReadOnlySpan<byte> region, TargetAddress at, in StubEvents events, Span<byte> offsets,
        out TargetAddress displaced)
    {
        int skip = plan.CountsNotTaken ? Skip(region) : 0;
        int firstCall = EntryEvent(events, plan.FlagsDeadAtEntry);
        if (skip != 0) _buffer[skip - 1] = (byte)checked((sbyte)(Length - skip));
        displaced = Next;
        if (!Displace(region[..plan.CodeLength], at, offsets, out RefusalReason reason)) return reason;
        // Who only counts arms no exit: the return behind the region is as good here, and saves the jump back to it.
        if (events.CountsItself && plan.ReturnFollows) Emit([Return]);
        else Jump(at + plan.Length);
        FirstCall(firstCall, events, plan.FlagsDeadAtEntry, displaced);
        return RefusalReason.None;
    }

    /// <summary>An exit, or an entry whose region holds the exit as well: the last instruction never comes back.</summary>
    RefusalReason Leaving(
        SitePlan plan, ReadOnlySpan<byte> region, TargetAddress at, in StubEvents events, Span<byte> offsets,
        out TargetAddress displaced)
    {
        int firstCall = EntryEvent(events, plan.FlagsDeadAtEntry);
        displaced = Next;
        int transfer = plan.TransferOffset;
        if (!Displace(region[..transfer], at, offsets, out RefusalReason reason)) return reason;
        int before = transfer == 0 ? 0 : 1 + BitOperations.PopCount(plan.InteriorStarts.Mask & ((1u << transfer) - 1));
        offsets[before] = checked((byte)(Next - displaced));
        if (events.ExitTrampoline is { } exit) Event(events.ExitOperand, exit);
        Span<byte> ignored = stackalloc byte[OffsetSet.MaxOffset + 1];
        if (!Displace(region[transfer..plan.CodeLength], at + transfer, ignored, out reason)) return reason;
        FirstCall(firstCall, events, plan.FlagsDeadAtEntry, displaced);
        return RefusalReason.None;
    }

    RefusalReason ConditionalTail(
        SitePlan plan, ReadOnlySpan<byte> region, TargetAddress at, in StubEvents events, out TargetAddress displaced)
    {
        displaced = Next;
        if (plan.TransferOffset != 0 || plan.TailTarget is not { } target) return RefusalReason.IndirectJumpNotUnderstood;
        _buffer[Skip(region) - 1] = JumpSize;
        Jump(at + plan.Length);
        if (events.ExitTrampoline is { } exit) Event(events.ExitOperand, exit);
        Jump(at + (target - plan.Address));
        return RefusalReason.None;
    }

    // A short jump on the condition of the region's: 0F 8x or 7x, low four bits are the condition (SDM vol. 2, Jcc). Returns where it jumps
    // from; its distance is the byte before.
    int Skip(ReadOnlySpan<byte> region)
    {
        int condition = (region[0] == 0x0f ? region[1] : region[0]) & 0xf;
        Emit([(byte)(0x70 | condition), 0]);
        return Length;
    }

    // Returns where the distance to FirstCall is to be stored; 0 when there is none.
    int EntryEvent(in StubEvents events, bool flagsDead)
    {
        if (events.CountsItself) return Count(events.EntryOperand, flagsDead);
        if (events.EntryTrampoline is { } trampoline) Event(events.EntryOperand, trampoline);
        return 0;
    }

    // A call, a store of the operand and its load are what counting costs otherwise. As CountEntry: TrampolineEmitter.
    int Count(uint counter, bool flagsDead)
    {
        Emit(SaveTwo);
        if (!flagsDead) Emit(SaveFlags);
        Emit([0x64, 0x8b, 0x04, 0x25]); // mov eax, fs:[tid]
        Emit32(_counting.TidOffset);
        Emit([0x35]); // xor eax, mask
        Emit32(unchecked((int)ThreadSlotLayout.KeyMask));
        Emit([0x89, 0xc1, 0x81, 0xe1]); // mov ecx, eax; and ecx, count-1
        Emit32(ThreadSlotLayout.SlotCount - 1);
        Emit([0xc1, 0xe1, ThreadSlotLayout.SlotSizeLog2]); // shl ecx, log2
        Emit([0x48, 0x03, 0x0d]); // add rcx, [rip+table]
        Emit32(Relative(Next + sizeof(int), _counting.TablePointer));
        Emit([0x39, 0x41, ThreadSlotLayout.Key, 0x0f, 0x85]); // cmp [rcx+key], eax; jne FirstCall
        int firstCall = Length;
        Emit32(0);
        Emit([0x48, 0x8b, 0x49, ThreadSlotLayout.Counts]); // mov rcx, [rcx+counts]
        Emit([0x48, 0xff, 0x81]); // inc qword ptr [rcx+counter]
        Emit32(checked((int)counter * sizeof(ulong)));
        if (!flagsDead) Emit(RestoreFlags);
        Emit(RestoreTwo);
        return firstCall;
    }

    // The thread has no slot yet, or shares its place in the table: as every other call does it.
    void FirstCall(int from, in StubEvents events, bool flagsDead, TargetAddress displaced)
    {
        if (from == 0) return;
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(from), Length - (from + sizeof(int)));
        if (!flagsDead) Emit(RestoreFlags);
        Emit(RestoreTwo);
        Event(events.EntryOperand, events.EntryTrampoline!.Value);
        Jump(displaced);
    }

    // lahf; seto al; mov [rsp-32], eax
    static ReadOnlySpan<byte> SaveFlags => [0x9f, 0x0f, 0x90, 0xc0, 0x89, 0x44, 0x24, 0xe0];

    // mov eax, [rsp-32]; add al, 7fh; sahf
    static ReadOnlySpan<byte> RestoreFlags => [0x8b, 0x44, 0x24, 0xe0, 0x04, 0x7f, 0x9e];

    // mov [rsp-16], rax; mov [rsp-24], rcx
    static ReadOnlySpan<byte> SaveTwo => [0x48, 0x89, 0x44, 0x24, 0xf0, 0x48, 0x89, 0x4c, 0x24, 0xe8];

    // mov rcx, [rsp-24]; mov rax, [rsp-16]
    static ReadOnlySpan<byte> RestoreTwo => [0x48, 0x8b, 0x4c, 0x24, 0xe8, 0x48, 0x8b, 0x44, 0x24, 0xf0];

    void Emit32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(Length), value);
        Length += sizeof(int);
    }

    // mov dword ptr [rsp-16], operand; call trampoline
    void Event(uint operand, TargetAddress trampoline)
    {
        Span<byte> code = _buffer.AsSpan(Length, EventSize);
        ReadOnlySpan<byte> store = [0xc7, 0x44, 0x24, 0xf0];
        store.CopyTo(code);
        BinaryPrimitives.WriteUInt32LittleEndian(code[4..], operand);
        code[8] = 0xe8;
        BinaryPrimitives.WriteInt32LittleEndian(code[9..], Relative(Next + EventSize, trampoline));
        Length += EventSize;
    }

    void Jump(TargetAddress target)
    {
        Span<byte> code = _buffer.AsSpan(Length, JumpSize);
        code[0] = 0xe9;
        BinaryPrimitives.WriteInt32LittleEndian(code[1..], Relative(Next + JumpSize, target));
        Length += JumpSize;
    }

    void Emit(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    bool Displace(ReadOnlySpan<byte> instructions, TargetAddress from, Span<byte> offsets, out RefusalReason reason)
    {
        reason = RefusalReason.None;
        if (instructions.IsEmpty) return true;
        if (!Displacer.TryDisplace(instructions, from, Next, _buffer.AsSpan(Length), offsets, out int written, out reason))
            return false;
        Length += written;
        return true;
    }

    static List<TargetAddress> Interior(SitePlan plan, TargetAddress displaced, ReadOnlySpan<byte> offsets)
    {
        var interior = new List<TargetAddress>(plan.InteriorStarts.Count);
        // Offsets are by the instruction's number; number 0 is the region's own start.
        for (int i = 1; i <= plan.InteriorStarts.Count; i++) interior.Add(displaced + offsets[i]);
        return interior;
    }

    // Within reach by construction: an arena lies within 2 GiB of all code it serves.
    static int Relative(TargetAddress from, TargetAddress to) => checked((int)(to - from));
}

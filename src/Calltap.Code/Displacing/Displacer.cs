using Calltap.Code.Analysis;
using Iced.Intel;

namespace Calltap.Code;

/// <summary>
/// Re-encodes whole instructions for another address. The bytes of an instruction are kept; only a rip-relative displacement is
/// adjusted. Branches become their 32-bit forms. A direct or indirect call, allowed as the last instruction only, becomes a push of
/// the original return address and a jump, so that unwinders and the callee's <c>ret</c> see the original code.
/// </summary>
public static class Displacer
{
    /// <summary>No displaced instruction is longer: the call through memory with its pushed address.</summary>
    public const int MaxInstructionLength = 35;

    /// <summary>Copies <paramref name="instructions"/> from one address to another.</summary>
    /// <param name="instructions">Whole instructions; no padding behind them.</param>
    /// <param name="from">Where they are.</param>
    /// <param name="to">Where they will run, within 2 GiB of everything they refer to.</param>
    /// <param name="destination">Receives the code; nothing beyond <paramref name="written"/> counts.</param>
    /// <param name="newOffsets">
    /// Receives, for each original instruction in order, the offset of its copy: where a thread standing at the original start belongs.
    /// </param>
    /// <param name="written">The length of the displaced code.</param>
    /// <param name="reason">Why not, on failure: <see cref="RefusalReason.OutOfReach"/>, <see cref="RefusalReason.NoRoom"/> or what makes an
    /// instruction impossible to displace.</param>
    public static bool TryDisplace(
        ReadOnlySpan<byte> instructions, TargetAddress from, TargetAddress to, Span<byte> destination, Span<byte> newOffsets,
        out int written, out RefusalReason reason)
    {
        var writer = new DisplacedWriter(destination, from, to, instructions.Length);
        Decoder decoder = Decoder.Create(64, instructions.ToArray(), from.Value);
        int count = 0, at = 0;
        reason = RefusalReason.None;
        while (at < instructions.Length && reason == RefusalReason.None)
        {
            decoder.Decode(out Instruction instruction);
            if (count >= newOffsets.Length || writer.Length > byte.MaxValue)
            {
                reason = RefusalReason.NoRoom;
                break;
            }

            newOffsets[count++] = (byte)writer.Length;
            ReadOnlySpan<byte> bytes = instructions.Slice(at, Math.Min(instruction.Length, instructions.Length - at));
            at += instruction.Length;
            InstructionKind kind = InstructionKinds.Of(instruction);
            reason = kind is InstructionKind.Call or InstructionKind.IndirectCall && at < instructions.Length
                ? RefusalReason.CallInside
                : writer.Write(instruction, kind, bytes, decoder.GetConstantOffsets(instruction));
        }

        written = reason == RefusalReason.None ? writer.Length : 0;
        return reason == RefusalReason.None;
    }
}

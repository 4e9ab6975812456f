namespace Calltap.Code.Analysis;

/// <summary>What the passes keep of an instruction.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Target">Where a direct branch or call leads, or the address that a plain instruction forms; otherwise 0.</param>
/// <param name="Kind">How it hands on control.</param>
/// <param name="Length">How many bytes it has.</param>
internal readonly record struct DecodedInstruction(ImageAddress Address, ImageAddress Target, InstructionKind Kind, byte Length)
{
    /// <summary>The address after it.</summary>
    internal ImageAddress End => Address + Length;
}

using Iced.Intel;

namespace Calltap.Tests.Managed;

/// <summary>Epilogues as compilers of .NET write them: an addition to rsp or a <c>lea</c> of it, pops, and what leaves the method.</summary>
internal static class Epilogue
{
    /// <summary>Where the one begins that ends with an instruction: there, where none is before it.</summary>
    internal static int Begin(byte[] code, int size, int at)
    {
        var decoder = Decoder.Create(64, code.AsSpan(0, size).ToArray(), 0);
        var before = new List<Instruction>();
        while (decoder.IP < (ulong)at)
            before.Add(decoder.Decode());
        int first = at;
        for (int i = before.Count - 1; i >= 0 && IsPart(before[i]) && (int)before[i].NextIP == first; i--)
        {
            first = (int)before[i].IP;
            if (before[i].Mnemonic != Mnemonic.Pop)
                break;
        }

        return first;
    }

    private static bool IsPart(in Instruction instruction) =>
        instruction is { Mnemonic: Mnemonic.Pop, Op0Kind: OpKind.Register } or { Mnemonic: Mnemonic.Add or Mnemonic.Lea, Op0Kind: OpKind.Register, Op0Register: Register.RSP };
}

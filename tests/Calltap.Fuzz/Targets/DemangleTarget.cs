using System.Text;
using Calltap.Native;

namespace Calltap.Fuzz.Targets;

/// <summary>Names of a hostile file on their way into libstdc++.</summary>
sealed class DemangleTarget : IFuzzTarget
{
    static readonly string[] s_pieces =
    [
        "_Z", "1f", "1aI", "St", "Sa", "Ss", "S_", "S0_", "S1_", "S9_", "SA_", "T_", "T0_", "T1_", "TL0__", "Dp", "J", "I", "E", "N", "K", "P", "R", "O", "i", "v", "z",
        "Li5E", "LZ1fvE", "X", "DTfp_E", "fp_", "sZT_", "cv", "pl", "st", "sr", "gs", "L_Z1fvE", "UlvE_", "Ut_", "F", "M", "A5_", "A_", "Dv4_i", "C1", "D0", "B5cxx11", "11basic_string",
        "Ev", "ET_", "4pairI", "tlTT_E", "on", "cvT_", "dc", "q", "fL0p_", "GV", "TV", "ZN", "s", "d_", "_", "0", "99999999999", "U", "Dn", "Da", "u7__int99", "il", "fL", "fr", "Ty", "Tn", "Tt", "Tp",
    ];

    public string Name => "demangle";

    public int MaxInput => 1400;

    public InputLimits Limits => new(TimeSpan.FromSeconds(2), 64 << 20);

    public IReadOnlyList<byte[]> MakeSeeds() =>
    [
        .. new[]
        {
            "_ZNSt6vectorISsSaISsEE9push_backERKSs", "_ZSt4moveIRSt10unique_ptrIiSt14default_deleteIiEEEONSt16remove_referenceIT_E4typeEOS6_",
            "_ZN1a1bIJidfEEEvDpOT_", "_Z1fSt4pairIiiES_IS0_S0_ES_IS1_S1_E", "_Z1fIJiiiiEEvDp1aIT_Dp1aIT_EE", "_ZZN1a1bEvENKUlT_E_clIiEEDaS0_", "_ZN1acvT_Ev", "_ZTVN10__cxxabiv117__class_type_infoE",
        }.Select(Encoding.ASCII.GetBytes),
    ];

    public byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        string name = Encoding.Latin1.GetString(input);
        for (int count = random.Next(1, 40); count > 0; count--)
        {
            int at = random.Next(name.Length + 1);
            string piece = s_pieces[random.Next(s_pieces.Length)];
            if (random.Next(5) == 0) piece = string.Concat(Enumerable.Repeat(piece, random.Next(1, 30)));
            name = random.Next(6) == 0 && at < name.Length ? name.Remove(at, Math.Min(name.Length - at, random.Next(1, 12))) : name.Insert(at, piece);
        }
        return Encoding.Latin1.GetBytes(name);
    }

    public byte[] Repair(byte[] input) => input.AsSpan().StartsWith("_Z"u8) ? input : [.. "_Z"u8, .. input];

    public void Execute(byte[] input)
    {
        string text = new CxaDemangler().Demangle(Encoding.Latin1.GetString(input)); // a new one: what it gives in all is bounded
        if (text.Length > DemangledSize.MaxText) throw new InvalidOperationException($"{text.Length} characters out of {input.Length}");
    }
}

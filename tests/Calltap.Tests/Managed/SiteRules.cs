using Calltap.Code;
using Iced.Intel;

namespace Calltap.Tests.Managed;

/// <summary>The rules for sites in managed code, a second time: what is written at one must mislead neither the processor nor the runtime, which reads its own code.</summary>
/// <param name="map">Where control may come.</param>
/// <param name="isReadyToRun">The runtime finds a call's cell by the bytes before where it returns to.</param>
internal sealed class SiteRules(CodeMap map, bool isReadyToRun)
{
    private const byte Int3 = 0xcc;

    /// <summary>What is wrong with a method's sites; nothing when all is well.</summary>
    /// <param name="plan">The sites.</param>
    /// <param name="start">The method's first byte.</param>
    /// <param name="size">Its size.</param>
    /// <param name="code">It, with all that may be read behind it.</param>
    /// <param name="room">How many bytes of <paramref name="code"/> are its own.</param>
    /// <param name="unwinder">Its unwind data.</param>
    internal IEnumerable<string> Broken(FunctionPlan plan, ulong start, int size, byte[] code, int room, Unwinder unwinder)
    {
        int free = 0;
        foreach (SitePlan site in Sites(plan))
        {
            int at = (int)(site.Address.Value - start);
            if (at < free || at + site.Length > room || site.PatchLength > site.Length)
                yield return $"{site.Address}: over another, or outside";
            free = at + site.Length;
            bool isEntry = site.Kind == SiteKind.Entry;
            if (isEntry && (at != 0 || map.IsJumpTarget(start)))
                yield return $"{site.Address}: no entry";
            if (!isEntry && map.IsReturn(site.Address.Value))
                yield return $"{site.Address}: a call returns here";
            foreach (string broken in BrokenWithin(site, code.AsMemory(at), start, size))
                yield return broken;
        }

        foreach (int at in Misleading(plan, start, size, code, unwinder, Patched))
            yield return $"{start + (ulong)at:x}: unwinds otherwise than before";
    }

    /// <summary>Offsets at which the runtime would unwind otherwise while the sites hold breakpoints, in the windows in which they change.</summary>
    internal static IEnumerable<int> MisleadingInWindows(FunctionPlan plan, ulong start, int size, byte[] code, Unwinder unwinder, CodeMap map) =>
        new SiteRules(map, true).Misleading(plan, start, size, code, unwinder, site => [Int3, .. site.Original.ToArray(site.PatchLength)[1..]]);

    private static IEnumerable<SitePlan> Sites(FunctionPlan plan) => plan.Exits.Prepend(plan.Entry).OfType<SitePlan>().OrderBy(site => site.Address);

    private static byte[] Patched(SitePlan site) => site.PatchLength switch
    {
        1 => [Int3],
        6 => [0x2e, 0xe9, 0, 0, 0, 0x70],
        _ => [0xe9, 0, 0, 0, 0x70],
    };

    private IEnumerable<string> BrokenWithin(SitePlan site, ReadOnlyMemory<byte> code, ulong start, int size)
    {
        ulong first = site.Address.Value;
        for (int i = 1; i < site.Length; i++)
        {
            if (map.IsTarget(first + (ulong)i) || map.IsReturn(first + (ulong)i))
                yield return $"{site.Address}: control comes to {i} bytes behind its start";
        }

        var decoder = Decoder.Create(64, code[..site.CodeLength].ToArray(), first);
        Instruction instruction = default;
        while (decoder.IP < first + (ulong)site.CodeLength)
        {
            decoder.Decode(out instruction);
            if (instruction.IsInvalid || !map.IsStart(instruction.IP) || instruction.Mnemonic is Mnemonic.Div or Mnemonic.Idiv or Mnemonic.Int3)
                yield return $"{site.Address}: {instruction} is displaced";
            if (isReadyToRun && (instruction.IsCallNear || instruction.IsCallNearIndirect))
                yield return $"{site.Address}: {instruction} is displaced";
        }

        bool transfers = site.Kind != SiteKind.Entry || site.CombinedExit;
        if (transfers && (instruction.IP - first != (ulong)site.TransferOffset || !Leaves(instruction, start, size)))
            yield return $"{site.Address}: ends by {instruction}, which leaves nothing";
        if (site.CodeLength < site.Length && (first + (ulong)site.CodeLength != start + (ulong)size || code[site.CodeLength..site.Length].Span.ContainsAnyExcept<byte>([Int3, 0x90, 0])))
            yield return $"{site.Address}: no padding behind it";
    }

    private static bool Leaves(in Instruction instruction, ulong start, int size) =>
        instruction.Mnemonic == Mnemonic.Ret || instruction.IsJmpNearIndirect || ((instruction.IsJmpNear || instruction.IsJmpShort) && instruction.NearBranchTarget - start >= (ulong)size);

    /// <summary>Wherever a thread may be, other than within a site, the return address must be found where it is found in the code as it was.</summary>
    private IEnumerable<int> Misleading(FunctionPlan plan, ulong start, int size, byte[] code, Unwinder unwinder, Func<SitePlan, byte[]> written)
    {
        byte[] changed = [.. code];
        var within = new HashSet<int>();
        int end = 0;
        foreach (SitePlan site in Sites(plan))
        {
            int at = (int)(site.Address.Value - start);
            written(site).CopyTo(changed, at);
            if (site.PatchLength > 1) // else a thread may be there: those bytes are as they were
                within.UnionWith(Enumerable.Range(at + 1, site.Length - 1));
            end = Math.Min(at + site.Length, size);
        }

        for (int at = 0; at < end; at++)
        {
            if (map.IsStart(start + (ulong)at) && !within.Contains(at) && !unwinder.AreSame(unwinder.At(code, size, at), unwinder.At(changed, size, at)))
                yield return at;
        }
    }
}

using Calltap.Code;
using CsCheck;
using Iced.Intel;
using Xunit;

namespace Calltap.Tests.Code;

/// <summary>Whatever the bytes and symbols: no exception, and every region offered keeps the rules that the target's life depends on.</summary>
public sealed class HostileInputTests
{
    private static readonly byte[][] s_snippets =
        [.. SiteCorpus.Lines.Select(l => Convert.FromHexString(l.Split('|', StringSplitOptions.TrimEntries)[2]))];

    // Real functions glued together, some bytes changed, with function boundaries anywhere.
    private static readonly Gen<(byte[] Code, int[] Starts, int[] Sizes)> s_modules =
        from pieces in Gen.Int[0, s_snippets.Length - 1].Array[1, 12]
        from changes in Gen.Select(Gen.Int[0, 400], Gen.Byte).Array[0, 4]
        from starts in Gen.Int[-4, 200].Array[1, 8]
        from sizes in Gen.Int[-1, 60].Array[8]
        select (Glue(pieces, changes), starts, sizes);

    [Fact]
    public void Regions_are_sound_whatever_the_module()
    {
        int regions = 0;
        s_modules.Sample(
            module =>
            {
                IReadOnlyList<FunctionPlan> plans = Analyze(module);
                List<SitePlan> sites = [.. plans.SelectMany(p => p.Exits), .. plans.Select(p => p.Entry).OfType<SitePlan>()];
                sites.Sort((a, b) => a.Address.CompareTo(b.Address));
                foreach ((SitePlan first, SitePlan second) in sites.Zip(sites.Skip(1)))
                    Assert.True(first.End <= second.Address, $"{first} overlaps {second}");
                HashSet<ulong> targets = BranchTargets(module.Code, Parts(module));
                foreach (SitePlan site in sites)
                {
                    CheckSite(site, module.Code);
                    int inside = Enumerable.Range(1, site.Length - 1).FirstOrDefault(i => targets.Contains((site.Address + i).Value));
                    Assert.True(inside == 0, $"{site}: {inside} is a target; {Convert.ToHexString(module.Code)}; {string.Join(' ', Parts(module))}");
                }

                Interlocked.Add(ref regions, sites.Count);
            },
            iter: 4_000);
        Assert.True(regions > 4_000, $"only {regions} regions were checked");
    }

    [Fact]
    public void An_image_that_fails_anywhere_is_survived()
    {
        var image = new MemoryImage();
        CodeFunction[] functions = [new(new(0), new(long.MaxValue), []), new(new(ulong.MaxValue - 2), new(100), [new(new(5), new(-7))])];
        var input = new AnalysisInput(image, functions, [new(new(0), new(long.MaxValue)), new(new(ulong.MaxValue), new(64))],
            [new(ulong.MaxValue)], [new(new(3), new(-1))], [], false, false, []);
        Assert.All(ModuleAnalyzer.Analyze(input), p => Assert.Equal(RefusalReason.Unreadable, p.EntryRefusal));
    }

    private static IReadOnlyList<FunctionPlan> Analyze((byte[] Code, int[] Starts, int[] Sizes) module)
    {
        var built = new Module(Convert.ToHexString(module.Code));
        foreach ((int Start, int Size)[] parts in Parts(module).Chunk(2))
            built.Function(parts[0].Start, parts[0].Size, parts[1]);
        return built.Analyze();
    }

    // Each function and its one fragment, 70 bytes further on.
    private static List<(int Start, int Size)> Parts((byte[] Code, int[] Starts, int[] Sizes) module) =>
        [.. module.Starts.Order().SelectMany((start, i) => new[] { (start, module.Sizes[i]), (start + 70, module.Sizes[(i + 1) & 7]) })];

    private static void CheckSite(SitePlan site, byte[] code)
    {
        int start = (int)(site.Address.Value - Module.Base);
        Assert.InRange(site.Length, 5, 19);
        Assert.InRange(site.CodeLength, 1, site.Length);
        Assert.True(start >= 0 && start + site.Length <= code.Length, "region outside the section");

        Decoder decoder = Decoder.Create(64, code[start..(start + site.CodeLength)], site.Address.Value);
        var starts = new List<int>();
        while (decoder.IP < site.Address.Value + (ulong)site.CodeLength)
        {
            Instruction instruction = decoder.Decode();
            Assert.False(instruction.IsInvalid);
            starts.Add((int)(instruction.IP - site.Address.Value));
            bool branches = instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch;
            ulong into = unchecked(instruction.NearBranchTarget - site.Address.Value);
            Assert.False(branches && into > 0 && into < (ulong)site.Length, "branch into its own region");
        }

        Assert.Equal(starts.Skip(1), site.InteriorStarts);
        bool exit = site.Kind != SiteKind.Entry || site.CombinedExit;
        Assert.Equal(exit ? starts[^1] : site.CodeLength, site.TransferOffset);
        AssertPadding(code.AsSpan(start + site.CodeLength).ToArray(), site.Length - site.CodeLength);
    }

    // What is behind a region's code is never a byte of an instruction that can run.
    private static void AssertPadding(byte[] bytes, int length)
    {
        Decoder decoder = Decoder.Create(64, bytes, 0);
        while (decoder.IP < (ulong)length)
        {
            Instruction instruction = decoder.Decode();
            Assert.True(instruction.Mnemonic is Mnemonic.Nop or Mnemonic.Int3, $"{instruction} is no padding");
        }
    }

    // A second, slower way to the same set: every direct branch of every function, up to the next start.
    private static HashSet<ulong> BranchTargets(byte[] code, IReadOnlyList<(int Start, int Size)> parts)
    {
        var targets = new HashSet<ulong>();
        foreach ((int start, int size) in parts.Where(p => p.Start >= 0 && p.Start < code.Length && p.Size > 0))
        {
            int next = parts.Select(p => p.Start).Where(s => s > start).Append(code.Length).Min();
            Decoder decoder = Decoder.Create(64, code[start..Math.Min(Math.Min(start + size, next), code.Length)], Module.Base + (ulong)start);
            foreach (Instruction instruction in decoder.TakeWhile(i => !i.IsInvalid))
            {
                if (instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch)
                    targets.Add(instruction.NearBranchTarget);
            }
        }

        return targets;
    }

    private static byte[] Glue(int[] pieces, (int Position, byte Value)[] changes)
    {
        byte[] code = [.. pieces.SelectMany(p => s_snippets[p])];
        foreach ((int position, byte value) in changes)
            code[position % code.Length] = value;
        return code;
    }
}

using Calltap.Code;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>Turns a function and its plan into bytes and back. Addresses are distances from the function's start.</summary>
static class FunctionEncoding
{
    const int LastSource = (int)FunctionSource.ReadyToRun, LastRefusal = (int)RefusalReason.CollectibleAssembly;
    const int LastKind = (int)SiteKind.ConditionalTailJump, LastClass = (int)SiteClass.Breakpoint;

    [Flags]
    enum FunctionFlags : byte
    {
        None = 0,
        SizeIsEstimate = 1,
        Named = 2,
        ShownOtherwise = 4,
        HasEntry = 8,
        HasUnknownExits = 16,
        IsGo = 32,
        All = 63,
    }

    [Flags]
    enum SiteFlags : byte
    {
        None = 0,
        HasTailTarget = 1,
        FlagsDeadAtEntry = 2,
        CombinedExit = 4,
        ReturnFollows = 8,
        CountsNotTaken = 16,
        MayFault = 32,
        All = 63,
    }

    /// <summary>Writes a function.</summary>
    public static void Write(CacheOutput output, AnalyzedFunction function)
    {
        (ImageFunction symbol, string? shown, FunctionPlan plan) = function;
        output.Number(symbol.Address.Value);
        output.Signed(symbol.Size.Value);
        output.Byte((byte)symbol.Source);
        output.Byte((byte)FlagsOf(function));
        if (symbol.Name is { } name) output.Text(name);
        if (shown is not null && shown != symbol.Name) output.Text(shown);
        output.Number((ulong)symbol.Aliases.Count);
        foreach (string alias in symbol.Aliases) output.Text(alias);
        output.Number((ulong)symbol.Fragments.Count);
        foreach (ImageRange fragment in symbol.Fragments)
        {
            output.Signed(fragment.Start - symbol.Address);
            output.Signed(fragment.Size.Value);
        }
        Write(output, plan, symbol.Address);
    }

    /// <summary>Reads a function.</summary>
    public static AnalyzedFunction Read(ref CacheInput input)
    {
        var address = new ImageAddress(input.Number());
        var size = new ByteSize(input.Signed());
        var source = (FunctionSource)input.Choice(LastSource);
        var flags = (FunctionFlags)input.Choice((int)FunctionFlags.All);
        string? name = flags.HasFlag(FunctionFlags.Named) ? input.Text() : null;
        string? shown = flags.HasFlag(FunctionFlags.ShownOtherwise) ? input.Text() : name;
        string[] aliases = input.Count() is > 0 and var count ? new string[count] : [];
        for (int i = 0; i < aliases.Length; i++) aliases[i] = input.Text();
        ImageRange[] fragments = ReadFragments(ref input, address);
        var symbol = new ImageFunction(address, size, name, aliases, source, fragments) { SizeIsEstimate = flags.HasFlag(FunctionFlags.SizeIsEstimate) };
        return new AnalyzedFunction(symbol, shown, ReadPlan(ref input, address, flags));
    }

    static FunctionFlags FlagsOf(AnalyzedFunction function) =>
        (function.Symbol.SizeIsEstimate ? FunctionFlags.SizeIsEstimate : FunctionFlags.None)
        | (function.Symbol.Name is not null ? FunctionFlags.Named : FunctionFlags.None)
        | (function.Shown is not null && function.Shown != function.Symbol.Name ? FunctionFlags.ShownOtherwise : FunctionFlags.None)
        | (function.Plan.Entry is not null ? FunctionFlags.HasEntry : FunctionFlags.None)
        | (function.Plan.HasUnknownExits ? FunctionFlags.HasUnknownExits : FunctionFlags.None)
        | (function.Plan.IsGo ? FunctionFlags.IsGo : FunctionFlags.None);

    static ImageRange[] ReadFragments(ref CacheInput input, ImageAddress origin)
    {
        int count = input.Count();
        if (count == 0) return [];
        var fragments = new ImageRange[count];
        for (int i = 0; i < fragments.Length; i++) fragments[i] = new ImageRange(origin + input.Signed(), new ByteSize(input.Signed()));
        return fragments;
    }

    static void Write(CacheOutput output, FunctionPlan plan, ImageAddress origin)
    {
        output.Number((ulong)plan.FunctionIndex);
        output.Byte((byte)plan.EntryRefusal);
        if (plan.Entry is { } entry) Write(output, entry, origin);
        output.Number((ulong)plan.Exits.Count);
        foreach (SitePlan exit in plan.Exits) Write(output, exit, origin);
        output.Number((ulong)plan.ExitCount);
        output.Number((ulong)plan.RefusedExits.Count);
        foreach (RefusedExit refused in plan.RefusedExits)
        {
            output.Signed(refused.Address - origin);
            output.Byte((byte)refused.Reason);
            output.Byte((byte)(refused.Breakpoint is null ? 0 : 1));
            if (refused.Breakpoint is { } site) Write(output, site, origin);
        }
    }

    static FunctionPlan ReadPlan(ref CacheInput input, ImageAddress origin, FunctionFlags flags)
    {
        int index = (int)input.Number();
        var refusal = (RefusalReason)input.Choice(LastRefusal);
        SitePlan? entry = flags.HasFlag(FunctionFlags.HasEntry) ? ReadSite(ref input, origin) : null;
        SitePlan[] exits = input.Count() is > 0 and var count ? new SitePlan[count] : [];
        for (int i = 0; i < exits.Length; i++) exits[i] = ReadSite(ref input, origin);
        int exitCount = (int)input.Number();
        RefusedExit[] refused = input.Count() is > 0 and var some ? new RefusedExit[some] : [];
        for (int i = 0; i < refused.Length; i++)
            refused[i] = new RefusedExit(origin + input.Signed(), (RefusalReason)input.Choice(LastRefusal)) { Breakpoint = input.Choice(1) == 1 ? ReadSite(ref input, origin) : null };
        return new FunctionPlan(index, entry, refusal, exits, exitCount, refused, flags.HasFlag(FunctionFlags.HasUnknownExits))
        {
            IsGo = flags.HasFlag(FunctionFlags.IsGo),
        };
    }

    static void Write(CacheOutput output, SitePlan site, ImageAddress origin)
    {
        output.Signed(site.Address - origin);
        output.Byte((byte)site.Length);
        output.Byte((byte)site.Kind);
        output.Byte((byte)site.Class);
        output.Number(site.InteriorStarts.Mask);
        output.Byte((byte)site.TransferOffset);
        output.Byte((byte)site.CodeLength);
        output.Byte((byte)FlagsOf(site));
        if (site.TailTarget is { } target) output.Signed(target - origin);
        output.Bytes(site.Original.ToArray(site.Length));
    }

    static SitePlan ReadSite(ref CacheInput input, ImageAddress origin)
    {
        ImageAddress address = origin + input.Signed();
        int length = input.Choice(RegionBytes.MaxLength);
        var kind = (SiteKind)input.Choice(LastKind);
        var siteClass = (SiteClass)input.Choice(LastClass);
        var starts = new OffsetSet((uint)input.Number());
        int transfer = input.Choice(length), code = input.Choice(length);
        var flags = (SiteFlags)input.Choice((int)SiteFlags.All);
        ImageAddress? target = flags.HasFlag(SiteFlags.HasTailTarget) ? origin + input.Signed() : null;
        return new SitePlan(
            address, length, kind, siteClass, starts, transfer, code, target,
            flags.HasFlag(SiteFlags.FlagsDeadAtEntry), flags.HasFlag(SiteFlags.CombinedExit))
        {
            ReturnFollows = flags.HasFlag(SiteFlags.ReturnFollows),
            CountsNotTaken = flags.HasFlag(SiteFlags.CountsNotTaken),
            MayFault = flags.HasFlag(SiteFlags.MayFault),
            Original = RegionBytes.From(input.Bytes(length)),
        };
    }

    static SiteFlags FlagsOf(SitePlan site) =>
        (site.TailTarget is not null ? SiteFlags.HasTailTarget : SiteFlags.None)
        | (site.FlagsDeadAtEntry ? SiteFlags.FlagsDeadAtEntry : SiteFlags.None)
        | (site.CombinedExit ? SiteFlags.CombinedExit : SiteFlags.None)
        | (site.ReturnFollows ? SiteFlags.ReturnFollows : SiteFlags.None)
        | (site.CountsNotTaken ? SiteFlags.CountsNotTaken : SiteFlags.None)
        | (site.MayFault ? SiteFlags.MayFault : SiteFlags.None);
}

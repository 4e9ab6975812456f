namespace Calltap.Code.Managed;

/// <summary>Decides which sites of a method of .NET can be patched: where its runtime, which reads its own code to unwind stacks, is not misled by what is written.</summary>
/// <remarks>
/// coreclr, unwinder/amd64/unwinder.cpp: the bytes at a program counter are taken for an epilogue when they are an addition to rsp or a <c>lea</c> of it, pops, and then a return
/// or a jump out of the method; each of these may be missing. Otherwise the whole frame is taken to stand.
/// </remarks>
public static class ManagedAnalyzer
{
    /// <summary>The plan of a method.</summary>
    /// <param name="index">The method's number.</param>
    /// <param name="method">Where it is.</param>
    /// <param name="image">Its bytes, and those of its tables.</param>
    /// <param name="traits">What holds for its image or its compiler.</param>
    public static FunctionPlan Analyze(int index, ManagedMethod method, ICodeImage image, ManagedTraits traits)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(traits);
        if (ManagedCode.Read(method, image) is not { } code)
            return new FunctionPlan(index, null, RefusalReason.Unreadable, [], 0, [], HasUnknownExits: true);
        ManagedFrame frame = ManagedFrame.Of(code);
        SitePlan? entry = new ManagedEntry(code, frame, traits).Classify(out RefusalReason refusal);
        if (code.IsLost || code.HasJumpNotUnderstood)
            return new FunctionPlan(index, entry, refusal, [], 0, [], HasUnknownExits: true);
        var exits = new ManagedExits(code, frame, traits, entry);
        exits.Classify();
        return new FunctionPlan(index, entry, refusal, exits.Sites, exits.Count, exits.Refused, HasUnknownExits: false);
    }
}

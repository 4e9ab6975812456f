namespace Calltap.Code.Analysis;

/// <summary>Pass 2: plans one function after another. One worker per thread.</summary>
internal sealed class ClassifyPass(ModuleFacts facts)
{
    private readonly FunctionCode _code = new(facts);

    internal FunctionPlan Plan(int index)
    {
        CodeFunction function = facts.Input.Functions[index];
        ReadOnlySpan<CodePart> parts = facts.Layout.Of(index);
        StartVerdict verdict = facts.Starts.VerdictOf(index);
        RefusalReason missing = verdict is StartVerdict.PartOfKnown or StartVerdict.PartOfUnknown ? RefusalReason.PartOfAnother : Missing(function, parts);
        if (missing != RefusalReason.None)
            return new(index, null, missing, [], 0, [], true);

        _code.Decode(parts);
        FunctionFlow flow = facts.Flow[index] ?? s_usual;
        var scope = new FunctionScope(facts, _code, flow, function.Address);
        if (IsGo(function.Address))
            return PlanGo(index, scope, function.IsGoRuntime);
        var entry = new EntryClassifier(scope);
        SitePlan? site = entry.Classify(out RefusalReason refusal);
        if (verdict == StartVerdict.NotProven && site is not null)
            (site, refusal) = (null, RefusalReason.NotProvenEntry);
        var exits = new ExitClassifier(scope, site);
        exits.Classify();
        return new(index, site, refusal, exits.Sites, exits.Count, exits.Refused, exits.LeadToUnknownParts || HasUnknownExits(scope));
    }

    // Entries alone: of an exit, nobody knows with which thread and on which stack the goroutine comes there.
    private static FunctionPlan PlanGo(int index, FunctionScope scope, bool isRuntime)
    {
        RefusalReason refusal = RefusalReason.GoRuntime;
        SitePlan? site = isRuntime ? null : new GoEntryClassifier(scope).Classify(out refusal);
        var exits = new ExitClassifier(scope, site);
        exits.Classify();
        RefusedExit[] refused = [.. exits.Sites.Select(exit => exit.Address + exit.TransferOffset).Concat(exits.Refused.Select(exit => exit.Address)).Order()
            .Select(address => new RefusedExit(address, RefusalReason.GoExit))];
        return new(index, site, refusal, [], exits.Count, refused, exits.LeadToUnknownParts || HasUnknownExits(scope)) { IsGo = true };
    }

    private static readonly FunctionFlow s_usual = new();

    private RefusalReason Missing(CodeFunction function, ReadOnlySpan<CodePart> parts)
    {
        if (function.Size.Value <= 0)
            return RefusalReason.UnknownSize;
        if (facts.Memory.Find(function.Address) is null)
            return RefusalReason.Unreadable;
        return parts.IsEmpty || parts[0].Start != function.Address ? RefusalReason.Overlaps : RefusalReason.None;
    }

    private bool IsGo(ImageAddress address)
    {
        foreach (CodeRange range in facts.Input.GoCode)
            if (range.Contains(address))
                return true;
        return false;
    }

    private static bool HasUnknownExits(FunctionScope scope)
    {
        if (scope.IsLost || scope.Flow.HasJumpNotUnderstood)
            return true;
        for (int i = 0; i < scope.Code.Parts.Length; i++)
        {
            if (scope.Code.Parts[i].Truncated || FallsThrough(scope.Code.Of(i)))
                return true;
        }

        return false;
    }

    // A call at the end does not return; anything else that is no transfer goes on in the next function, unseen.
    private static bool FallsThrough(ReadOnlySpan<DecodedInstruction> instructions)
    {
        int last = instructions.Length - 1;
        while (last >= 0 && instructions[last].Kind is InstructionKind.Nop or InstructionKind.Breakpoint)
            last--;
        return last >= 0 && !InstructionKinds.EndsFlow(instructions[last].Kind)
            && instructions[last].Kind is not (InstructionKind.Call or InstructionKind.IndirectCall or InstructionKind.System);
    }
}

namespace Calltap.Code.Managed;

/// <summary>Stands in for the analysis of managed code: refuses everything.</summary>
public static class ManagedAnalyzer
{
    /// <summary>The plan of one method.</summary>
    public static FunctionPlan Analyze(int index, ManagedMethod method, ICodeImage image, ManagedTraits traits) =>
        new(index, null, RefusalReason.TooShort, [], 0, [], false);
}

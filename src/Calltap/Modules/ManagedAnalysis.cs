using Calltap.Code;
using Calltap.Code.Managed;
using Calltap.Symbols;

namespace Calltap.Modules;

/// <summary>What can be patched in a .NET assembly: its methods' sites, in the order of <see cref="ReadyToRunModule.Methods"/>.</summary>
static class ManagedAnalysis
{
    const int Few = 2048; // are done before another thread has got a CPU, where all are busy

    static readonly ManagedTraits s_traits = new(IsReadyToRun: true, ForwardsFaults: true);

    /// <summary>Decodes and classifies every method. Uses all CPUs where there are many methods.</summary>
    public static IReadOnlyList<FunctionPlan> Analyze(ReadyToRunModule module)
    {
        var image = new ModuleImage(module.BytesFrom);
        var plans = new FunctionPlan[module.Methods.Count];
        int workers = plans.Length <= Few ? 1 : Environment.ProcessorCount;
        Parallel.For(0, plans.Length, new ParallelOptions { MaxDegreeOfParallelism = workers }, i =>
            plans[i] = ManagedAnalyzer.Analyze(i, Method(module.Methods[i]), image, s_traits));
        return plans;
    }

    static ManagedMethod Method(ReadyToRunMethod method) => new(method.Address, (int)method.Size.Value, (int)method.Room.Value) { Extent = (int)method.Extent.Value };
}

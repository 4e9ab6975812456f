using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Calltap.Code;
using Calltap.Native;
using Calltap.Sessions;
using Calltap.Target;

namespace Calltap.Patching;

/// <summary>
/// Compiles what runs in a window before the first window opens: a method compiled while a thread waits at a
/// breakpoint would hold it up for milliseconds. Nothing to do in a NativeAOT binary.
/// </summary>
static class WarmCode
{
    const DynamicallyAccessedMemberTypes Methods =
        DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods
        | DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.NonPublicConstructors;

    static readonly Lazy<bool> s_prepared = new(PrepareAll);

    /// <summary>Does it, once in a process.</summary>
    public static void Prepare() => _ = s_prepared.Value;

    static bool PrepareAll()
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled) return false;
        Prepare(typeof(Guard));
        Prepare(typeof(GuardedThreads));
        Prepare(typeof(StopServer));
        Prepare(typeof(NewThreads));
        Prepare(typeof(ForkChildren));
        Prepare(typeof(ThreadSeizer));
        Prepare(typeof(TrapAnswers));
        Prepare(typeof(BlockedTraps));
        Prepare(typeof(ThreadObserver));
        Prepare(typeof(RegionMap));
        Prepare(typeof(ArenaWatch));
        Prepare(typeof(StackScan));
        Prepare(typeof(SitePolicy));
        Prepare(typeof(CallerPolicy));
        Prepare(typeof(ParkPolicy));
        Prepare(typeof(Emulator));
        Prepare(typeof(TextPoker));
        Prepare(typeof(PokePlan));
        Prepare(typeof(PokeGroup));
        Prepare(typeof(WindowPasses));
        Prepare(typeof(HelperPasses));
        Prepare(typeof(PatchImage));
        Prepare(typeof(PatchRun));
        Prepare(typeof(PatchSites));
        Prepare(typeof(PatchBytes));
        Prepare(typeof(WindowTable));
        Prepare(typeof(TrapCounts));
        Prepare(typeof(StepClock));
        Prepare(typeof(TargetTextWriter));
        Prepare(typeof(HelperThread));
        Prepare(typeof(Mailbox));
        Prepare(typeof(HelperSync));
        Prepare(typeof(PendingSignals));
        Prepare(typeof(SignalActions));
        Prepare(typeof(RestartableCalls));
        Prepare(typeof(ThreadLook));
        Prepare(typeof(ThreadFile));
        Prepare(typeof(Ptrace));
        Prepare(typeof(Wait));
        Prepare(typeof(SystemCall));
        Prepare(typeof(MemoryFile));
        Prepare(typeof(Descriptors));
        Prepare(typeof(Clock));
        Prepare(typeof(Scheduling));
        Prepare(typeof(HelperBootstrap));
        Prepare(typeof(Injection));
        Prepare(typeof(HijackedThread));
        Prepare(typeof(PtraceThread));
        Prepare(typeof(Seizing));
        Prepare(typeof(ThreadCandidate));
        Prepare(typeof(TraceeStop));
        Prepare(typeof(RestoreFrame));
        Prepare(typeof(ExtendedState));
        Prepare(typeof(Gadgets));
        Prepare(typeof(GuardedThread));
        Prepare(typeof(ProcFiles));
        Prepare(typeof(ProcStatus));
        Prepare(typeof(UrgentThread));
        return true;
    }

    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "Not run where code is trimmed.")]
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Not run where code is trimmed.")]
    static void Prepare([DynamicallyAccessedMembers(Methods)] Type type)
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        foreach (Type nested in type.GetNestedTypes(All)) Prepare(nested); // lambdas and iterators
        foreach (MethodBase method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
        {
            if (method.IsAbstract || method.ContainsGenericParameters) continue;
            if ((method.Attributes & MethodAttributes.PinvokeImpl) != 0) Marshal.Prelink((MethodInfo)method);
            else RuntimeHelpers.PrepareMethod(method.MethodHandle);
        }
    }
}

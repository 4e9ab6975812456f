using Calltap.Target;

namespace Calltap.Cli.Targets;

/// <summary>Asks a session for what its target has loaded and unloaded, as long as there is a target.</summary>
static class WhileItLives
{
    /// <summary>What has happened; null when nothing has, or the target has ended.</summary>
    public static ModuleReport? Ask(TargetProcess target, Func<ModuleReport?> look)
    {
        try
        {
            return look();
        }
        catch (AttachException e) when (e.Reason == AttachRefusal.TargetEnded ? target.IsGoneAtLast : target.IsGone)
        {
            return null; // whoever waits for the end finds it
        }
    }
}

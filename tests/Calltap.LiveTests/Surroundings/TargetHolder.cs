using Calltap.Target;

namespace Calltap.LiveTests.Surroundings;

/// <summary>A session that can't be detached any more: disposing of it tells so again.</summary>
sealed class TargetHolder(TraceSession session) : IDisposable
{
    public TraceSession Session => session;

    public void Dispose()
    {
        try
        {
            session.Dispose();
        }
        catch (AttachException)
        {
            // Said before, and asserted there.
        }
    }
}

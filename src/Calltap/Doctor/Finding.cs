using Calltap.Target;

namespace Calltap.Doctor;

/// <summary>One thing that was looked at.</summary>
/// <param name="Topic">What: a word or two.</param>
/// <param name="State">What it means.</param>
/// <param name="Reason">What was found.</param>
/// <param name="Remedy">What to do about it; empty where nothing need be done, or can be.</param>
public sealed record Finding(string Topic, FindingState State, string Reason, string Remedy = "")
{
    const string Separator = ": ";

    /// <summary>The refusal, as attaching gives it; null when this is none.</summary>
    public AttachRefusal? Refusal { get; private init; }

    /// <summary>Runs a check that attaching makes: what it throws is the finding. Reason and remedy are the two halves of its one line.</summary>
    /// <param name="topic">What is looked at.</param>
    /// <param name="check">The check; gives what was found.</param>
    internal static Finding Of(string topic, Func<string> check)
    {
        try
        {
            return new Finding(topic, FindingState.Ok, check());
        }
        catch (AttachException e)
        {
            int at = e.Message.LastIndexOf(Separator, StringComparison.Ordinal);
            return at < 0
                ? new Finding(topic, FindingState.Refused, e.Message) { Refusal = e.Reason }
                : new Finding(topic, FindingState.Refused, e.Message[..at], e.Message[(at + Separator.Length)..]) { Refusal = e.Reason };
        }
    }

    /// <summary>The one line that attaching gives.</summary>
    public string Line => Remedy.Length == 0 ? Reason : $"{Reason}{Separator}{Remedy}";

    internal static Finding Ok(string topic, string reason) => new(topic, FindingState.Ok, reason);

    internal static Finding Limited(string topic, string reason, string remedy = "") => new(topic, FindingState.Limited, reason, remedy);

    internal static Finding Absent(string topic) => new(topic, FindingState.Absent, "not on this machine");
}

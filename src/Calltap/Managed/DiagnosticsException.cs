namespace Calltap.Managed;

/// <summary>A runtime can't be asked, or refused; the message is one line that says why.</summary>
public sealed class DiagnosticsException(string message) : Exception(message)
{
    /// <summary>What the runtime gave as the reason (an HRESULT); 0 where it gave none.</summary>
    public int Code { get; init; }
}

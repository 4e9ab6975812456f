using Calltap.Symbols;

namespace Calltap.Managed;

/// <summary>Asks a .NET runtime what it has loaded; of its code only what can be told safely while assemblies are unloaded, if nothing else is asked for.</summary>
static class Rundown
{
    /// <exception cref="DiagnosticsException">It does not tell, or what it tells can't be read.</exception>
    public static ManagedRundown Read(Pid pid, ulong keywords = RundownKeywords.Loader | RundownKeywords.Precompiled)
    {
        try
        {
            return ManagedRundown.Read($"the rundown of process {pid}", DiagnosticsSocket.Find(pid).CollectRundown(keywords));
        }
        catch (ElfFormatException e)
        {
            throw new DiagnosticsException(e.Message);
        }
    }
}

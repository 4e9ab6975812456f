using Calltap.Symbols;

namespace Calltap.Managed;

/// <summary>Asks a .NET runtime what it has compiled so far, by a way that is safe while it unloads assemblies.</summary>
static class Rundown
{
    /// <exception cref="DiagnosticsException">It does not tell, or what it tells can't be read.</exception>
    public static ManagedRundown Read(Pid pid)
    {
        try
        {
            return ManagedRundown.Read($"the rundown of process {pid}", DiagnosticsSocket.Find(pid).CollectRundown());
        }
        catch (ElfFormatException e)
        {
            throw new DiagnosticsException(e.Message);
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;

namespace Calltap.Cli.View;

/// <summary>Opens a page in the browser that the desktop prefers.</summary>
/// <remarks>Arguments of a process can be read by all users of a machine, and the address holds the token: the browser is given a file of ours that leads there.</remarks>
sealed class Browser : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("calltap-view-"); // for its owner alone

    Browser(string address)
    {
        string page = Path.Combine(_folder.FullName, "view.html");
        File.WriteAllText(page, $"<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer><title>Calltap</title><meta http-equiv=refresh content=\"0; url={address}\"><a href=\"{address}\">Calltap</a>\n");
        Process.Start(new ProcessStartInfo("xdg-open", [page]) { RedirectStandardOutput = true, RedirectStandardError = true })?.Dispose();
    }

    /// <summary>Opens it; null where no browser is to be had.</summary>
    public static Browser? Open(string address)
    {
        try
        {
            return new Browser(address);
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}

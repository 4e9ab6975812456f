using System.ComponentModel;
using System.Diagnostics;

namespace Calltap.Cli.View;

/// <summary>Opens a page in the browser that the desktop prefers.</summary>
/// <remarks>
/// Arguments of a process can be read by all users of a machine, and the address holds the token: the browser is given a file of ours that leads there. It is started in a
/// session of its own, or ctrl-C would end it with us.
/// </remarks>
sealed class Browser : IDisposable
{
    const string Start = "command -v xdg-open >/dev/null || exit; command -v setsid >/dev/null && exec setsid xdg-open \"$0\"; exec xdg-open \"$0\"";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("calltap-view-"); // for its owner alone

    Browser()
    {
    }

    /// <summary>Opens it; null where a process can't be started, or the file can't be written.</summary>
    public static Browser? Open(string address)
    {
        Browser? browser = null;
        try
        {
            browser = new Browser();
            string page = Path.Combine(browser._folder.FullName, "view.html");
            File.WriteAllText(page, $"<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer><title>Calltap</title><meta http-equiv=refresh content=\"0; url={address}\"><a href=\"{address}\">Calltap</a>\n");
            Process.Start("sh", ["-c", $"exec </dev/null >/dev/null 2>&1; {Start}", page]).Dispose();
            return browser;
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            browser?.Dispose();
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}

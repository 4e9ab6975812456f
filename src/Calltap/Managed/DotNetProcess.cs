using System.Diagnostics;
using System.Text;
using Calltap.Target;

namespace Calltap.Managed;

/// <summary>A process in which CoreCLR runs. One compiled to native code before it was started (NativeAOT) is none: it has no runtime that compiles.</summary>
/// <param name="Version">Of the runtime, such as <c>10.0.12</c>; null where no file tells, as for a program in a single file.</param>
/// <param name="Hosting">Where the runtime comes from.</param>
/// <param name="RuntimePath">The file with the runtime, as the process names it.</param>
public sealed record DotNetProcess(string? Version, DotNetHosting Hosting, string RuntimePath)
{
    const string SharedFolder = "Microsoft.NETCore.App", CoreLibrary = "System.Private.CoreLib.dll";

    static ReadOnlySpan<byte> RuntimeFile => "/libcoreclr.so"u8;

    /// <summary>Looks at a process. Reads a few of its files, not its memory.</summary>
    /// <returns>Null: it is no .NET process, has ended, or may not be read.</returns>
    public static DotNetProcess? Find(Pid pid)
    {
        if (ProcFiles.TryReadBytes(ProcFiles.Process(pid, "maps")) is not { Length: > 0 } maps) return null;
        if (PathWith(maps, RuntimeFile) is { } runtime) return WithFiles(pid, runtime);
        return DynamicStrings.Contain(ProcFiles.Process(pid, "exe"), DotNetHost.SingleFileSymbol)
            ? new DotNetProcess(null, DotNetHosting.SingleFile, ProcFiles.TryReadLink(ProcFiles.Process(pid, "exe")) ?? "")
            : null;
    }

    /// <summary>.../shared/Microsoft.NETCore.App/10.0.12/libcoreclr.so, or the folder of the program.</summary>
    static DotNetProcess WithFiles(Pid pid, string runtime)
    {
        string folder = Path.GetDirectoryName(runtime) ?? "/", version = Path.GetFileName(folder);
        bool isShared = Path.GetFileName(Path.GetDirectoryName(folder)) == SharedFolder;
        return new DotNetProcess(
            isShared ? version : ProductVersion($"{ProcFiles.Process(pid, "root")}{folder}/{CoreLibrary}"),
            isShared ? DotNetHosting.Shared : DotNetHosting.SelfContained,
            runtime);
    }

    /// <summary>The library says "9.0.20+" and the commit.</summary>
    static string? ProductVersion(string path)
    {
        try
        {
            return FileVersionInfo.GetVersionInfo(path).ProductVersion?.Split('+')[0] is { Length: > 0 } version ? version : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The path that ends a line with <paramref name="ending"/>; the whole text is not parsed, since every process of the machine may be asked.</summary>
    static string? PathWith(ReadOnlySpan<byte> maps, ReadOnlySpan<byte> ending)
    {
        for (int at; (at = maps.IndexOf(ending)) >= 0; maps = maps[(at + ending.Length)..])
        {
            ReadOnlySpan<byte> after = maps[(at + ending.Length)..];
            if (!after.StartsWith("\n"u8) && !after.StartsWith(" (deleted)\n"u8)) continue;
            ReadOnlySpan<byte> line = maps[(maps[..at].LastIndexOf((byte)'\n') + 1)..at];
            return Encoding.UTF8.GetString(line[Math.Max(0, line.IndexOf((byte)'/'))..]) + Encoding.UTF8.GetString(ending);
        }

        return null;
    }
}

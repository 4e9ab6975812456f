using System.Buffers.Binary;
using System.Net.Sockets;
using Calltap.Native;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Managed;

/// <summary>
/// The socket on which a runtime takes commands, one for each connection: <c>dotnet-diagnostic-PID-KEY-socket</c> in the folder for temporary files. A stopped
/// process does not answer; a runtime started with DOTNET_EnableDiagnostics=0 has no socket. Every failure is a <see cref="DiagnosticsException"/>.
/// </summary>
public sealed class DiagnosticsSocket
{
    internal const int UnknownCommand = unchecked((int)0x80131385);
    const int MostOfRundown = 512 << 20; // a method takes some 200 bytes

    /// <summary>How long an answer may take.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>The answer to EnablePerfMap comes when every method is written that was compiled so far: 200,000 of them take a second or two.</summary>
    static readonly TimeSpan s_patienceForAll = TimeSpan.FromSeconds(10);

    readonly Pid _pid;
    readonly string _folder, _name;
    readonly string? _start;

    DiagnosticsSocket(Pid pid, string folder, string name) => (_pid, _folder, _name, _start) = (pid, folder, name, ProcFiles.StartTime(pid));

    /// <summary>Where it is, as this process sees it.</summary>
    public string Path => $"{_folder}/{_name}";

    /// <summary>Whether its process is there, and answers or not.</summary>
    internal bool IsThere => File.Exists(ProcFiles.Process(_pid, "maps")) && ProcFiles.StartTime(_pid) == _start;

    /// <summary>Finds the socket of a process, which may have other mounts and other process ids.</summary>
    /// <exception cref="DiagnosticsException">There is none.</exception>
    public static DiagnosticsSocket Find(Pid pid)
    {
        string folder = TemporaryFolder.Of(pid);
        int id = ProcStatus.TryRead(ProcFiles.Process(pid, "status"))?.NamespaceId ?? throw new DiagnosticsException($"no process {pid}");
        string[] names = Names(folder, $"dotnet-diagnostic-{id}-*-socket");
        // The key is when the process was started, by its own clock, which may be another than ours: then one that is listened on. Others are left from processes of the same number.
        string? name = names.FirstOrDefault(name => name == $"dotnet-diagnostic-{id}-{ProcFiles.StartTime(pid)}-socket") ?? names.FirstOrDefault(name => IsBound(pid, name));
        return name is null
            ? throw new DiagnosticsException($"process {pid} has no diagnostics socket in {folder}: no .NET, just started, or DOTNET_EnableDiagnostics=0")
            : new DiagnosticsSocket(pid, folder, name);
    }

    /// <summary>Asks what runtime it is.</summary>
    /// <exception cref="DiagnosticsException">No answer, or none that can be read.</exception>
    public DotNetIdentity Identify()
    {
        foreach (byte command in (ReadOnlySpan<byte>)[ProcessCommand.Info3, ProcessCommand.Info2])
            try
            {
                return DiagnosticsMessage.Identity(Send(command, [], s_patience), command);
            }
            catch (DiagnosticsException e) when (e.Code == UnknownCommand)
            {
                // An earlier runtime: ask for less.
            }

        return DiagnosticsMessage.Identity(Send(ProcessCommand.Info, [], s_patience), ProcessCommand.Info);
    }

    /// <summary>
    /// Has the runtime write all compiled methods, and from now on each that it compiles, before its first call. A file that is there is overwritten. .NET 8 and later.
    /// </summary>
    /// <exception cref="DiagnosticsException">No answer, or it refused.</exception>
    public void EnablePerfMap(PerfMapKind kind)
    {
        Span<byte> payload = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, (uint)kind);
        Send(ProcessCommand.EnablePerfMap, payload, s_patienceForAll);
    }

    /// <summary>Ends the writing; the files stay.</summary>
    /// <exception cref="DiagnosticsException">No answer, or it refused.</exception>
    public void DisablePerfMap() => Send(ProcessCommand.DisablePerfMap, [], s_patience);

    /// <summary>
    /// Has the runtime tell its methods and its assemblies, and gives the nettrace stream: a session of events is started in which nothing is written, and is ended at
    /// once, which makes the runtime run down what it has. .NET 9 and later.
    /// </summary>
    /// <param name="keywords">What of it: <see cref="RundownKeywords"/>.</param>
    /// <exception cref="DiagnosticsException">No answer within 10 s, or it refused.</exception>
    public byte[] CollectRundown(ulong keywords) => Ask(s_patienceForAll, () =>
    {
        var deadline = Deadline.In(s_patienceForAll);
        using Socket session = BeginEvents(RundownRequest.Payload(keywords), out byte[] id);
        using Socket stop = Begin(EventPipeCommand.Set, EventPipeCommand.StopTracing, id, s_patienceForAll);
        byte[] stream = ReceiveAll(session, deadline);
        Answer(stop); // comes when all is sent
        return stream;
    });

    /// <summary>A session of events, which lasts until the socket is disposed.</summary>
    /// <param name="request">Of <see cref="RundownRequest"/>.</param>
    /// <param name="id">What ends it by command.</param>
    internal Socket BeginEvents(byte[] request, out byte[] id)
    {
        Socket session = Begin(EventPipeCommand.Set, EventPipeCommand.CollectTracing4, request, s_patience);
        try
        {
            id = Answer(session);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    byte[] Send(byte command, ReadOnlySpan<byte> payload, TimeSpan patience)
    {
        byte[] sent = payload.ToArray();
        return Ask(patience, () =>
        {
            using Socket socket = Begin(ProcessCommand.Set, command, sent, patience);
            return Answer(socket);
        });
    }

    byte[] Ask(TimeSpan patience, Func<byte[]> ask)
    {
        try
        {
            return ask();
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock
                ? new DiagnosticsException($"the runtime of process {_pid} did not answer within {patience.TotalSeconds:0} s: is it stopped?")
                : new DiagnosticsException($"the runtime of process {_pid} can't be asked on {Path}: {e.Message}");
        }
    }

    /// <summary>A connection on which a command was sent.</summary>
    Socket Begin(byte set, byte command, ReadOnlySpan<byte> payload, TimeSpan patience)
    {
        Socket socket = Connect(patience);
        try
        {
            socket.Send(DiagnosticsMessage.Request(set, command, payload));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    byte[] Answer(Socket socket)
    {
        byte[] header = Receive(socket, DiagnosticsMessage.HeaderSize);
        byte[] answer = Receive(socket, DiagnosticsMessage.PayloadSize(header) ?? throw new DiagnosticsException($"process {_pid} answers in another protocol on {Path}"));
        return DiagnosticsMessage.IsDone(header) ? answer : throw Refused(answer);
    }

    /// <summary>By way of the folder's descriptor: a socket's path has room for 107 bytes, and that of a container may be longer.</summary>
    Socket Connect(TimeSpan patience)
    {
        SysResult<SafeFileHandle> opened = Descriptors.Open(_folder, Descriptors.O_PATH);
        using SafeFileHandle folder = opened.Ok ? opened.Value : throw new DiagnosticsException($"{_folder} can't be opened: {opened.Errno}");
        int milliseconds = (int)patience.TotalMilliseconds;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendTimeout = milliseconds, ReceiveTimeout = milliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint($"/proc/self/fd/{folder.DangerousGetHandle()}/{_name}"));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    byte[] Receive(Socket socket, int size)
    {
        byte[] bytes = new byte[size];
        for (int done = 0, read; done < size; done += read)
            if ((read = socket.Receive(bytes, done, size - done, SocketFlags.None)) == 0) throw new DiagnosticsException($"the runtime of process {_pid} ended the connection without an answer");
        return bytes;
    }

    /// <summary>What comes until the runtime ends the connection.</summary>
    byte[] ReceiveAll(Socket socket, Deadline deadline)
    {
        var all = new MemoryStream();
        byte[] some = new byte[1 << 16];
        while (true)
        {
            socket.ReceiveTimeout = (int)Math.Max(1, deadline.Left.TotalMilliseconds); // 0 would be forever
            int read = socket.Receive(some);
            if (read == 0) return all.ToArray();
            if (all.Length + read > MostOfRundown) throw new DiagnosticsException($"the runtime of process {_pid} tells more than {MostOfRundown >> 20} MB");
            all.Write(some, 0, read);
        }
    }

    DiagnosticsException Refused(byte[] answer)
    {
        int code = answer.Length >= sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(answer) : 0;
        return new DiagnosticsException($"the runtime of process {_pid} refused: error 0x{code:x8}{(code == UnknownCommand ? ", a command that it does not know" : "")}") { Code = code };
    }

    static bool IsBound(Pid pid, string name) => UnixSockets.Of(pid).Any(socket => socket.Path.EndsWith($"/{name}", StringComparison.Ordinal));

    /// <summary>The newest first.</summary>
    static string[] Names(string folder, string pattern)
    {
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFiles(pattern).OrderByDescending(file => file.LastWriteTimeUtc).Select(file => file.Name)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticsException($"{folder} can't be listed: {e.Message}");
        }
    }
}

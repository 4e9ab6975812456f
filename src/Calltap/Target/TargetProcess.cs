using System.Runtime.InteropServices;
using Calltap.Managed;
using Calltap.Native;
using Calltap.Symbols;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Target;

/// <summary>
/// A process to be traced: its identity is held by a pidfd and by an open /proc/PID/mem, so that neither a reused pid nor another
/// program started by exec can be taken for it. Opening changes nothing in the target. Safe to use from any thread.
/// </summary>
public sealed class TargetProcess : IDisposable
{
    private static readonly TimeSpan s_takenDown = TimeSpan.FromSeconds(1); // tens of milliseconds where the machine is not busy

    private readonly SafeFileHandle _pidfd;
    private readonly SafeFileHandle _memory;
    private SafeFileHandle? _maps;
    private readonly TargetAddress _probeAddress;
    private readonly Lazy<GoProgram?> _goAlone;
    private readonly Lazy<SingleFileProgram?> _singleFile;
    private CodeFile? _codeFile;

    private TargetProcess(Pid pid, SafeFileHandle pidfd, SafeFileHandle memory, string name)
    {
        Pid = pid;
        Name = name;
        _pidfd = pidfd;
        _memory = memory;
        _maps = OpenOrNull(ProcFiles.Thread(pid, LiveThread(), "maps"));
        _goAlone = new Lazy<GoProgram?>(() => GoThreads.ReadProgram(this));
        _singleFile = new Lazy<SingleFileProgram?>(() => SingleFileProgram.Find(this));
        IReadOnlyList<MemoryMapping> mappings = ReadMappings();
        _probeAddress = mappings.FirstOrDefault(m => (m.Permissions & MappingPermissions.Read) != 0 && m.IsExecutable)?.Start
            ?? throw AttachChecks.Ended(pid);
    }

    /// <summary>The process id.</summary>
    public Pid Pid { get; }

    /// <summary>The command name (comm), at most 15 bytes.</summary>
    public string Name { get; }

    /// <summary>The path of the program as the target sees it.</summary>
    public string ExecutablePath => ProcFiles.TryReadLink(ProcFiles.Thread(Pid, LiveThread(), "exe")) ?? throw AttachChecks.Ended(Pid);

    /// <summary>The program, where it is one of .NET with assemblies in its own file; null for any other.</summary>
    internal SingleFileProgram? SingleFile => _singleFile.Value;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => Descriptors.IsReadable(_pidfd, TimeSpan.Zero);

    /// <summary>Whether the memory this object was opened on is gone: by exit, or because exec replaced it.</summary>
    public bool MemoryIsGone
    {
        get
        {
            Span<byte> one = stackalloc byte[1];
            return MemoryFile.Read(_memory, _probeAddress, one) is { Ok: true, Value: 0 };
        }
    }

    /// <summary>Whether there is nothing left to do here: it has ended, or executes another program.</summary>
    public bool IsGone => HasExited || MemoryIsGone;

    /// <summary>
    /// Whether it is gone, asked where something else has shown an end: the kernel takes a process down in steps, and a thread's files are empty, or it has left the
    /// list, before the memory is let go.
    /// </summary>
    public bool IsGoneAtLast => Deadline.In(s_takenDown).Poll(() => IsGone);

    /// <summary>Whether exec has replaced the program. What is about to end has no memory either, and is not to be taken for it.</summary>
    public bool RunsAnotherProgram => MemoryIsGone && ReadStatus(new Tid(Pid.Value)) is { HasMemory: true };

    /// <summary>Its program, when it is of Go alone, without a C library; null for any other. Read once.</summary>
    internal GoProgram? GoAlone => _goAlone.Value;

    /// <summary>Whether its program is of Go alone.</summary>
    internal bool IsGoAlone => GoAlone is not null;

    internal SafeFileHandle Memory => _memory;

    /// <summary>Where its runtime writes what it compiles, when it was started so; null for any other.</summary>
    internal IPerfMap? PerfMap { get; set; }

    /// <summary>What was asked of the process and ends with this object.</summary>
    internal IDisposable? Companion { get; set; }

    /// <summary>Opens the file of its program; null when it cannot be reached.</summary>
    internal SafeFileHandle? OpenProgram() => OpenOrNull(ProcFiles.Thread(Pid, LiveThread(), "exe"));

    /// <summary>Opens a running process.</summary>
    /// <exception cref="AttachException">It cannot be traced; the message says why and what to do.</exception>
    public static TargetProcess Open(Pid pid)
    {
        (Tid live, ProcStatus status) = FindLiveThread(pid);
        AttachChecks.Check(pid, live, status);
        SysResult<SafeFileHandle> handle = Descriptors.PidFdOpen(pid);
        SafeFileHandle pidfd = handle.Value;
        SysResult<SafeFileHandle> memory = Descriptors.Open(ProcFiles.Thread(pid, live, "mem"), Descriptors.O_RDWR);
        try
        {
            AttachChecks.RefuseIfOutOfFiles(handle.Errno);
            AttachChecks.RefuseIfOutOfFiles(memory.Errno);
            if (handle.Ok && Descriptors.IsNearLimit(pidfd))
                throw AttachChecks.OutOfFiles(); // before anything else fails for it, in a window perhaps
            if (!handle.Ok || memory.Errno is Errno.ENOENT or Errno.ESRCH)
                throw AttachChecks.Ended(pid);
            if (!memory.Ok)
                throw AttachChecks.NotPermitted(pid, status);
            TargetProcess target = new(pid, pidfd, memory.Value, status.Name);
            ProcStatus[] threads = [.. target.ReadThreads().Select(target.ReadStatus).OfType<ProcStatus>()];
            AttachChecks.CheckSeccomp(pid, threads);
            AttachChecks.CheckShadowStack(pid, threads);
            return target;
        }
        catch
        {
            pidfd.Dispose();
            memory.Value.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the process has ended, at most for <paramref name="timeout"/>; whether it has.</summary>
    public bool WaitForExit(TimeSpan timeout) => Descriptors.IsReadable(_pidfd, timeout);

    /// <summary>The ids of all threads; empty when the process has ended. Threads that have ended but are not yet reaped are among them.</summary>
    public IReadOnlyList<Tid> ReadThreads() => ProcFiles.Threads(Pid);

    /// <summary>
    /// The processes that a thread has made and that run in the same memory: vfork children on their way to exec, others made with CLONE_VM.
    /// The maker is compared: a leader that has ended has no memory any more.
    /// </summary>
    internal IEnumerable<Tid> ReadSharers(Tid maker) =>
        ProcFiles.Children(Pid, maker).Where(child => SystemCall.SharesMemory(maker, child) is { Ok: true, Value: true });

    /// <summary>The status of a thread, or null when it has ended.</summary>
    public ProcStatus? ReadStatus(Tid tid) =>
        ProcStatus.TryRead(ProcFiles.Thread(Pid, tid, "status"));

    /// <summary>The mappings of the process by address.</summary>
    /// <exception cref="AttachException">The process has ended.</exception>
    public IReadOnlyList<MemoryMapping> ReadMappings()
    {
        IReadOnlyList<MemoryMapping> mappings = ProcMaps.Parse(ReadThreadFile("maps"));
        return SingleFile?.Named(mappings) ?? mappings;
    }

    /// <summary>
    /// The executable mappings of files by address, without more than tells one from another. Some microseconds since Linux 6.11; before, all mappings are
    /// read.
    /// </summary>
    /// <param name="code">Cleared, then filled.</param>
    /// <returns>False when the memory is gone.</returns>
    internal bool ReadCode(List<CodeMapping> code)
    {
        code.Clear();
        for (ulong at = 0; _maps is not null;)
        {
            SysResult<MappingQuery.procmap_query> query = MappingQuery.NextCode(_maps, at);
            if (query.Errno == Errno.ENOENT) return true;
            if (query.Errno == Errno.ESRCH) return false;
            if (!query.Ok) break;
            MappingQuery.procmap_query found = query.Value;
            if (found.inode != 0) code.Add(new CodeMapping(new(found.vma_start), new(found.vma_end), new((long)found.vma_offset), new(found.dev_major, found.dev_minor), found.inode));
            at = found.vma_end;
        }
        return ReadAllCode(code);
    }

    /// <summary>From now on all mappings are read, as on a kernel that has no PROCMAP_QUERY: for tests.</summary>
    internal void DoWithoutMappingQuery()
    {
        _maps?.Dispose();
        _maps = null;
    }

    private bool ReadAllCode(List<CodeMapping> code)
    {
        code.Clear();
        try
        {
            code.AddRange(CodeMapping.In(ReadMappings()));
            return true;
        }
        catch (AttachException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether these pages are still those of a mapping that was read before; true as well when the memory is gone altogether. Quick since Linux
    /// 6.11; before, all mappings are read again where that is <paramref name="asked"/> for, else the answer is yes.
    /// </summary>
    internal bool IsStillMapped(MemoryMapping mapping, TargetAddress start, TargetAddress end, bool asked)
    {
        for (TargetAddress at = start; at < end;) // a protection that has changed parts a mapping
        {
            SysResult<MappingQuery.procmap_query> query = _maps is null ? new(default, Errno.ENOTTY) : MappingQuery.At(_maps, at.Value);
            if (query.Errno is Errno.ENOENT) return MemoryIsGone;
            if (!query.Ok) return query.Errno == Errno.ESRCH || !asked || IsAmongAll(mapping, start, end);
            MappingQuery.procmap_query now = query.Value;
            bool sameFile = (now.inode, now.dev_major, now.dev_minor) == (mapping.Inode, mapping.Device.Major, mapping.Device.Minor);
            if (!sameFile || (mapping.IsFile && (long)(at.Value - now.vma_start + now.vma_offset) != mapping.OffsetAt(at).Value)) return false;
            at = new TargetAddress(now.vma_end);
        }
        return true;
    }

    private bool IsAmongAll(MemoryMapping mapping, TargetAddress start, TargetAddress end)
    {
        try
        {
            MemoryMapping[] parts = [.. ReadMappings().Where(now => now.Start < end && now.End > start)]; // a protection that has changed parts a mapping
            return parts.Sum(part => part.End - part.Start - Math.Max(0, start - part.Start) - Math.Max(0, part.End - end)) == end - start
                && parts.All(part => part.IsSameAt(part.Start > start ? part.Start : start, mapping));
        }
        catch (AttachException)
        {
            return true; // the memory is gone altogether
        }
    }

    /// <summary>A value of the auxiliary vector, of the kernel's own copy, which nobody changes; 0 where there is none of this type.</summary>
    /// <exception cref="AttachException">The process has ended.</exception>
    internal ulong ReadAuxiliary(ulong type)
    {
        ReadOnlySpan<ulong> vector = MemoryMarshal.Cast<byte, ulong>(ReadThreadFile("auxv"));
        for (int i = 0; i + 1 < vector.Length; i += 2)
            if (vector[i] == type)
                return vector[i + 1];
        return 0;
    }

    /// <summary>
    /// Reads memory of the target. The result is the number of bytes read: fewer than asked for before a hole, 0 when the first byte is
    /// not mapped, the process has ended, or exec replaced it.
    /// </summary>
    public int ReadMemory(TargetAddress address, Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && MemoryFile.Read(_memory, address + total, buffer[total..]) is { Ok: true, Value: > 0 } read)
            total += read.Value;
        return total;
    }

    /// <summary>
    /// Opens the very file behind a mapping, also when it was deleted, replaced or lies in another mount namespace; null when it cannot be reached.
    /// </summary>
    public SafeFileHandle? OpenMappedFile(MemoryMapping mapping)
    {
        Tid live = LiveThread();
        string path = SingleFile?.FileOf(mapping.Path) is null ? mapping.Path : SingleFile.Path;
        string exact = ProcFiles.Process(Pid, $"map_files/{mapping.Start.Value:x}-{mapping.End.Value:x}");
        SafeFileHandle? opened = OpenOrNull(exact);
        if (opened is null && ProcFiles.TryReadLink(ProcFiles.Thread(Pid, live, "exe")) is { } exe && exe.Replace(" (deleted)", "", StringComparison.Ordinal) == path)
            opened = OpenOrNull(ProcFiles.Thread(Pid, live, "exe"));
        return opened ?? OpenSameFile(ProcFiles.Thread(Pid, live, "root") + path, mapping);
    }

    /// <summary>The file through which a mapping's memory is written, where it is shared between the places where code is executed and written; null for any other.</summary>
    internal CodeFile? CodeFileOf(MemoryMapping mapping)
    {
        if (!CodeFile.IsMapped(mapping))
            return null;
        if (_codeFile?.IsIn(mapping) == true)
            return _codeFile;
        if (CodeFile.Find(Pid, mapping) is not { } found)
            return null;
        _codeFile?.Dispose();
        return _codeFile = found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Companion?.Dispose();
        PerfMap?.Dispose();
        _codeFile?.Dispose();
        _pidfd.Dispose();
        _memory.Dispose();
        _maps?.Dispose();
    }

    private static SafeFileHandle? OpenOrNull(string path)
    {
        SysResult<SafeFileHandle> file = Descriptors.Open(path, Descriptors.O_RDONLY);
        AttachChecks.RefuseIfOutOfFiles(file.Errno);
        return file.Ok ? file.Value : null;
    }

    private static SafeFileHandle? OpenSameFile(string path, MemoryMapping mapping)
    {
        if (mapping.Deleted || OpenOrNull(path) is not { } file)
            return null;
        if (FileIdentity.Inode(file) == mapping.Inode)
            return file;
        file.Dispose();
        return null;
    }

    internal static (Tid Live, ProcStatus Status) FindLiveThread(Pid pid)
    {
        string text = ProcFiles.TryReadText(ProcFiles.Process(pid, "status")) ?? "";
        if (text.Length == 0)
            throw AttachChecks.Refuse(AttachRefusal.NoSuchProcess, $"there is no process {pid}: see `calltap ps`");
        ProcStatus leader = ProcStatus.Parse(text);
        if (leader.ThreadGroup != pid)
            throw AttachChecks.Refuse(AttachRefusal.NotAProcess, $"{pid} is a thread of process {leader.ThreadGroup} ({leader.Name}): use -p {leader.ThreadGroup}");
        if (!leader.IsDead)
            return (new Tid(pid.Value), leader);
        foreach (Tid tid in ProcFiles.Threads(pid))
            if (ProcStatus.Parse(ProcFiles.TryReadText(ProcFiles.Thread(pid, tid, "status")) ?? "") is { IsDead: false } status)
                return (tid, status);
        throw AttachChecks.Refuse(AttachRefusal.NoSuchProcess, $"process {pid} ({leader.Name}) has ended and waits for its parent to reap it");
    }

    /// <summary>A thread through which /proc shows the memory: the leader's own files are empty once it has exited (A20).</summary>
    private Tid LiveThread()
    {
        Tid leader = new(Pid.Value);
        if (ReadStatus(leader) is { IsDead: false })
            return leader;
        foreach (Tid tid in ReadThreads())
            if (ReadStatus(tid) is { IsDead: false })
                return tid;
        throw AttachChecks.Ended(Pid);
    }

    private byte[] ReadThreadFile(string file) =>
        ProcFiles.TryReadBytes(ProcFiles.Thread(Pid, LiveThread(), file)) is { Length: > 0 } text ? text : throw AttachChecks.Ended(Pid);
}

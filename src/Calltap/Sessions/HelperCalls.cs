using System.Text;
using Calltap.Native;
using Calltap.Target;

namespace Calltap.Sessions;

/// <summary>The system calls that set a session up and take it down, made in the target by the helper.</summary>
sealed class HelperCalls(TargetProcess target, HelperThread helper)
{
    const int NR_rt_sigaction = 13;
    const int SignalActionSize = 32;

    readonly List<(TargetAddress Start, long Size)> _mapped = [];

    /// <summary>mmap, where the kernel likes.</summary>
    public TargetAddress Map(long size, int protection, int flags, ulong descriptor = ulong.MaxValue) =>
        Mapped(Ask(default, size, protection, flags, descriptor), size);

    /// <summary>mmap at this address; false when something is mapped there by now.</summary>
    public bool TryMapAt(TargetAddress address, long size, int protection, int flags)
    {
        SysResult<long> result = Ask(address, size, protection, flags | TargetMemory.MapFixedNoReplace, ulong.MaxValue);
        if (result.Errno == Errno.EEXIST) return false;
        Mapped(result, size);
        return true;
    }

    /// <summary>mmap over what we have mapped there before.</summary>
    public TargetAddress MapOver(TargetAddress address, long size, int protection, int flags, ulong descriptor)
    {
        const int MapFixed = 0x10;
        return Mapped(Ask(address, size, protection, flags | MapFixed, descriptor), size);
    }

    SysResult<long> Ask(TargetAddress address, long size, int protection, int flags, ulong descriptor) =>
        helper.Syscall(SystemCall.NR_mmap, address.Value, (ulong)size, (ulong)protection, (ulong)flags, descriptor, 0);

    TargetAddress Mapped(SysResult<long> result, long size)
    {
        var start = new TargetAddress((ulong)Require(result, $"mmap of {size} bytes"));
        _mapped.Add((start, size));
        return start;
    }

    /// <summary>Takes back every mapping made so far: setting up has failed.</summary>
    public void UnmapAll()
    {
        foreach ((TargetAddress start, long size) in _mapped) Unmap(start, size);
        _mapped.Clear();
    }

    /// <summary>madvise; advice that an old kernel does not know is done without.</summary>
    public void Advise(TargetAddress address, long size, int advice) =>
        helper.Syscall(SystemCall.NR_madvise, address.Value, (ulong)size, (ulong)advice);

    /// <summary>Gives the helper's thread a name of its own (prctl(2)): it has that of the thread that was borrowed for its start.</summary>
    public void NameThread(string name)
    {
        const int PR_SET_NAME = 15;
        helper.Syscall(SystemCall.NR_prctl, PR_SET_NAME, PlaceString(name).Value);
    }

    /// <summary>munmap of what the session has mapped.</summary>
    public void Unmap(TargetAddress address, long size)
    {
        if (address != default && size > 0) helper.Syscall(SystemCall.NR_munmap, address.Value, (ulong)size);
    }

    /// <summary>Puts a string where the helper's system calls can read it; overwritten by the next.</summary>
    public TargetAddress PlaceString(string text)
    {
        Span<byte> shared = SharedBytes(Encoding.UTF8.GetByteCount(text) + 1);
        int length = Encoding.UTF8.GetBytes(text, shared);
        shared[length] = 0;
        return Scratch;
    }

    /// <summary>rt_sigaction(2): the kernel's own struct, handler, flags, restorer and mask, 8 bytes each.</summary>
    public byte[] ReadSignalAction(int signal)
    {
        Require(helper.Syscall(NR_rt_sigaction, (ulong)signal, 0, Scratch.Value, sizeof(ulong)), "rt_sigaction");
        return SharedBytes(SignalActionSize).ToArray();
    }

    /// <summary>Sets a signal's action and gives the former one, in one step. (The kernel reads the one before it writes the other.)</summary>
    public byte[] ExchangeSignalAction(int signal, ReadOnlySpan<byte> action)
    {
        action.CopyTo(SharedBytes(SignalActionSize));
        Require(helper.Syscall(NR_rt_sigaction, (ulong)signal, Scratch.Value, Scratch.Value, sizeof(ulong)), "rt_sigaction");
        return SharedBytes(SignalActionSize).ToArray();
    }

    TargetAddress Scratch => helper.SharedAddress + HelperPlace.Strings;

    /// <summary>The result, or the reason why the target can't be traced.</summary>
    /// <exception cref="AttachException">The call failed.</exception>
    public long Require(SysResult<long> result, string call) => result.Ok
        ? result.Value
        : throw new AttachException(
            AttachRefusal.Unsupported,
            $"{call} in process {target.Pid} ({target.Name}) failed with {result.Errno}{LimitText.See(result.Errno)}");

    unsafe Span<byte> SharedBytes(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(HelperPlace.Strings + length, helper.Shared.Size.Value);
        // SAFETY: inside the shared mapping, which lives as long as the helper.
        return new Span<byte>(helper.Shared.Pointer + HelperPlace.Strings, length);
    }
}

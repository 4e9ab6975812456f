using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Calltap.Native;
using Xunit;

namespace Calltap.LiveTests.Target;

public sealed class NativeLayoutTests
{
    [Fact]
    public void Structures_have_the_kernels_sizes()
    {
        Assert.Equal(27 * 8, Unsafe.SizeOf<user_regs_struct>());
        Assert.Equal(128, Unsafe.SizeOf<siginfo_t>());
        Assert.Equal(16, Unsafe.SizeOf<iovec>());
        Assert.Equal(16, Unsafe.SizeOf<timespec>());
    }

    [Theory]
    [InlineData(nameof(user_regs_struct.rax), 80)]
    [InlineData(nameof(user_regs_struct.orig_rax), 120)]
    [InlineData(nameof(user_regs_struct.rip), 128)]
    [InlineData(nameof(user_regs_struct.rsp), 152)]
    [InlineData(nameof(user_regs_struct.fs_base), 168)]
    public void Registers_are_where_sys_user_h_has_them(string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf<user_regs_struct>(field));

    [Fact]
    public void An_errno_comes_through()
    {
        Assert.Equal(Errno.ENOENT, Descriptors.Open("/no/such/file", Descriptors.O_RDONLY).Errno);
        Assert.Equal(Errno.ESRCH, Descriptors.PidFdOpen(new Pid(4_194_303)).Errno);
        SystemCallException error = Assert.Throws<SystemCallException>(() => Descriptors.Open("/no/such/file", 0).OrThrow("open(/no/such/file)"));
        Assert.Contains("open(/no/such/file): No such file", error.Message, StringComparison.Ordinal);
    }
}

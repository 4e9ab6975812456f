using Calltap.Symbols;
using Calltap.Target;
using Xunit;

namespace Calltap.LiveTests.Target;

public sealed class TextWriterTests
{
    [Fact]
    public void Text_is_written_only_over_the_bytes_expected()
    {
        using LiveProgram program = LiveProgram.StartBusy();
        using TargetProcess target = TargetProcess.Open(program.Pid);
        TargetTextWriter writer = new(target);
        TargetAddress end = target.ReadMappings().First(m => m.IsExecutable && m.Path.EndsWith("/busy", StringComparison.Ordinal)).End + -8;
        byte[] original = new byte[8];
        Assert.Equal(8, target.ReadMemory(end, original));

        byte[] wrong = [.. original.Select(b => (byte)(b + 1))];
        PatchMismatchException mismatch = Assert.Throws<PatchMismatchException>(() => writer.Write(end, wrong, wrong));
        Assert.Equal(end, mismatch.Address);
        Assert.Equal(original, mismatch.Actual.ToArray());
        writer.Verify(end, original);

        writer.Write(end, original, wrong);
        writer.Verify(end, wrong);
        writer.Write(end, wrong, original);
        writer.Verify(end, original);
        program.AssertWorks();
    }
}

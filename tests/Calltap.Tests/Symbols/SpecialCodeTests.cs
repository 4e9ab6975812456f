using Calltap.Symbols;
using Xunit;

namespace Calltap.Tests.Symbols;

/// <summary>Code that must be told from functions in a stripped file, where it has unwind data and no name.</summary>
public sealed class SpecialCodeTests : IDisposable
{
    private const string MuslPoint = "mov (%rdi), %eax\ntest %eax, %eax\njnz 2f\nmov %rdi, %r11\nmov %rsi, %rax\nsyscall\nret\n2: ud2\n";
    private const string GlibcPoint = "endbr64\nmov (%rdi), %eax\ntestb $8, %al\n{disp32} jne 2f\nmov %rdi, %r11\nmov %rsi, %rax\nsyscall\nret\n2: ud2\n";
    private const string Unlock = "mov (%rdi), %eax\ntest %eax, %eax\njns 2f\nmov $202, %eax\nsyscall\n2: ret\n";
    private const string Return = "mov $15, %rax\nsyscall\n";
    private const string ShortReturn = "mov $15, %eax\nsyscall\n";

    private readonly Sample _sample = new();

    public void Dispose() => _sample.Dispose();

    [Theory]
    [InlineData(MuslPoint, ExclusionReasons.CancellationPoint)]
    [InlineData(GlibcPoint, ExclusionReasons.CancellationPoint)]
    [InlineData(Return, ExclusionReasons.SignalTrampoline)]
    [InlineData(ShortReturn, ExclusionReasons.SignalTrampoline)]
    [InlineData(Unlock, null)]
    public void Code_that_the_pc_is_looked_for_in_is_kept_out_by_its_bytes(string code, string? reason)
    {
        string source = $".text\n.globl main\n.type main, @function\nmain: .cfi_startproc\nret\n.cfi_endproc\n.size main, .-main\n.balign 16\n.cfi_startproc\n{code}.cfi_endproc\n";
        ModuleSymbols module = Sample.ReadAlone(_sample.Compile(source, "s", "-s", "-Wl,-z,noexecstack"));
        ExcludedFunction[] found = [.. module.Excluded.Where(e => e.Reason is ExclusionReasons.CancellationPoint or ExclusionReasons.SignalTrampoline)];
        if (reason is null) Assert.Empty(found);
        else Assert.Equal(reason, Assert.Single(found).Reason);
    }
}

namespace Calltap.Tests.Symbols;

/// <summary>Programs whose symbols have the shapes that the tests ask for.</summary>
internal static class SampleSources
{
    /// <summary>Exceptions, cold parts, an alias pair, a weak function, an IFUNC.</summary>
    public const string Shapes = """
        #include <stdio.h>
        #include <stdlib.h>
        extern "C" {
        __attribute__((noinline)) void may_throw(int n) { if (n > 100) throw n; }
        __attribute__((noinline)) int catches(int n) { try { may_throw(n); } catch (...) { return 1; } return 0; }
        __attribute__((noinline, cold)) int slow(int* a) { return printf("%d\n", a[1]); }
        __attribute__((noinline)) int has_cold(int n) { int a[8] = { n }; may_throw(n); if (n == 77) { a[3] += slow(a); a[2] *= slow(a); } return a[n & 7]; }
        __attribute__((noinline)) int real_name(int n) { return n * 3; }
        int other_name(int n) __attribute__((alias("real_name")));
        int __real_name(int n) __attribute__((alias("real_name"), weak));
        static int pick_this(int n) { return n + 1; }
        static int (*resolve_picked(void))(int) { return pick_this; }
        int picked(int n) __attribute__((ifunc("resolve_picked")));
        }
        int main(int argc, char** argv) { return catches(argc) + has_cold(argc) + real_name(argc) + other_name(2) + picked(argc); }
        """;

    /// <summary>Hand-written code: labels, entries inside others, sizes missing, sizes too large, a restartable sequence.</summary>
    public const string Assembly = """
            .text
            .globl outer, inner, sized_by_fde, unsized, too_large, after_large, main
            .type outer,@function
        outer:
            nop
            nop
            .type inner,@function
        inner:
            nop
        a_label:
            ret
            .size outer,.-outer
            .size inner,.-inner
            .type sized_by_fde,@function
        sized_by_fde:
            .cfi_startproc
            nop
            nop
            ret
            .cfi_endproc
            .type unsized,@function
        unsized:
            nop
            ret
        only_fde:
            .cfi_startproc
            nop
            ret
            .cfi_endproc
            .cfi_startproc
            .cfi_def_cfa_offset 48
            nop
            ret
            .cfi_endproc
            .type too_large,@function
        too_large:
            .cfi_startproc
            ret
            .cfi_endproc
            .type after_large,@function
        after_large:
            .cfi_startproc
            ret
            .cfi_endproc
            .size after_large,.-after_large
            .size too_large,.-too_large
            .type main,@function
        main:
            .cfi_startproc
        1:  xor %eax,%eax
        2:  ret
        3:  .long 0x53053053
        4:  ud2
            .cfi_endproc
            .size main,.-main
            .section __rseq_cs,"aw"
            .balign 32
            .long 0, 0
            .quad 1b, 2b-1b, 4b
            .section .note.GNU-stack,"",@progbits
        """;

    /// <summary>A table of functions and a table of labels, as interpreters have them.</summary>
    public const string Tables = """
        static int callee(int n) { return n + 1; }
        int (*volatile table[])(int) = { callee };
        __attribute__((noinline)) int dispatch(const unsigned char* p) {
            static void* const labels[] = { &&add, &&twice, &&end };
            int n = 1;
            goto *labels[*p++];
        add: n += 3; goto *labels[*p++];
        twice: n *= 2; goto *labels[*p++];
        end: return n;
        }
        int main(int argc, char** argv) { return table[0](dispatch((const unsigned char*)"\1\2")) + argc; }
        """;

    /// <summary>One of two source files with a local function of the same name, each with a cold part.</summary>
    public const string LocalTwins = """
        #include <stdio.h>
        #include <stdlib.h>
        __attribute__((noinline, cold)) static int slow(int* a) { return printf("%d\n", a[1]); }
        __attribute__((noinline)) static int twin(int n) { int a[8] = { n, n }; if (n == 77) { a[3] += slow(a); a[2] *= slow(a); } return a[n & 7]; }
        int ENTRY(int n) { return twin(n) + 1; }
        """;
}

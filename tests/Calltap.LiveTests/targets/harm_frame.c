/* What a call may carry and keep: frames of megabytes, alloca, variable arguments, structs returned in memory, x87, vectors, modes of rounding, the
 * static chain, a vfork child on its parent's stack. */
#include "harm.h"
#include <complex.h>
#include <fenv.h>
#include <immintrin.h>
#include <stdarg.h>
#include <sys/wait.h>

struct large {
    u64 words[40];
};

u64 way_frame_alloca(u64 n);
u64 way_frame_huge(u64 x);
u64 way_frame_format(char *to, const char *format, ...);
double way_frame_add(u64 count, ...);
struct large way_frame_large(u64 x);
long double way_frame_extended(long double a, long double b);
complex double way_frame_complex(complex double a);
complex long double way_frame_extended_complex(complex long double a);
unsigned __int128 way_frame_wide(u64 low, u64 high);
double way_frame_third(double x);
u64 way_frame_child(u64 x);
u64 way_frame_vfork(u64 x);
u64 silent_frame_chained(u64 x);
__m256d silent_frame_ymm(__m256d a, __m256d b);
__m512d silent_frame_zmm(__m512d a, __m512d b);

NOIPA u64 way_frame_alloca(u64 n)
{
    ENTER();
    volatile char *bytes = (volatile char *)__builtin_alloca(n);
    for (u64 i = 0; i < n; i += 4096)
        bytes[i] = (char)i;
    bytes[n - 1] = 5;
    u64 r = (u64)bytes[n - 1] + n;
    LEAVE();
    return r;
}

/* Compiled with -fstack-clash-protection: each page is touched. */
NOIPA u64 way_frame_huge(u64 x)
{
    ENTER();
    volatile char bytes[2 << 20];
    bytes[0] = (char)x;
    bytes[sizeof bytes - 1] = 7;
    u64 r = (u64)bytes[0] + (u64)bytes[sizeof bytes - 1];
    LEAVE();
    return r;
}

NOIPA u64 way_frame_format(char *to, const char *format, ...)
{
    ENTER();
    va_list list;
    va_start(list, format);
    u64 r = (u64)vsprintf(to, format, list);
    va_end(list);
    LEAVE();
    return r;
}

/* al says how many vector registers have arguments: wrong, and they are not saved. */
NOIPA double way_frame_add(u64 count, ...)
{
    ENTER();
    double sum = 0;
    va_list list;
    va_start(list, count);
    while (count--)
        sum += va_arg(list, double);
    va_end(list);
    LEAVE();
    return sum;
}

NOIPA struct large way_frame_large(u64 x)
{
    ENTER();
    struct large l;
    for (u64 i = 0; i < 40; i++)
        l.words[i] = x * i;
    LEAVE();
    return l;
}

NOIPA long double way_frame_extended(long double a, long double b)
{
    ENTER();
    long double r = a / b;
    LEAVE();
    return r;
}

NOIPA complex double way_frame_complex(complex double a)
{
    ENTER();
    LEAVE();
    return a * 2.0;
}

NOIPA complex long double way_frame_extended_complex(complex long double a)
{
    ENTER();
    LEAVE();
    return a * 3.0L;
}

NOIPA unsigned __int128 way_frame_wide(u64 low, u64 high)
{
    ENTER();
    LEAVE();
    return (unsigned __int128)high << 64 | low;
}

NOIPA double way_frame_third(double x)
{
    ENTER();
    LEAVE();
    return x / 3.0;
}

NOIPA u64 way_frame_child(u64 x)
{
    ENTER();
    LEAVE();
    return x % 50 + 3;
}

NOIPA u64 way_frame_vfork(u64 x)
{
    ENTER();
    int status = 0;
    pid_t child = vfork();
    if (!child)
        _exit((int)way_frame_child(x));
    CHECK(waitpid(child, &status, 0) == child);
    LEAVE();
    return (u64)WEXITSTATUS(status);
}

/* Its r10 is an argument, as a nested function's is. No trail: a call would change r10 first. */
__asm__(".text\n.globl silent_frame_chained\n.type silent_frame_chained,@function\nsilent_frame_chained:\n"
        "mov %r10, %rax\n add %rdi, %rax\n ret\n.size silent_frame_chained, . - silent_frame_chained\n");

/* No trail either: it may use the upper halves. */
NOIPA __attribute__((target("avx"))) __m256d silent_frame_ymm(__m256d a, __m256d b)
{
    return _mm256_add_pd(a, b);
}

NOIPA __attribute__((target("avx512f"))) __m512d silent_frame_zmm(__m512d a, __m512d b)
{
    return _mm512_add_pd(a, b);
}

static NOIPA __attribute__((target("avx"))) void check_ymm(double x)
{
    double out[4];
    _mm256_storeu_pd(out, silent_frame_ymm(_mm256_set_pd(x, 1, 2, 3), _mm256_set1_pd(0.5)));
    CHECK(out[0] == 3.5 && out[1] == 2.5 && out[2] == 1.5 && out[3] == x + 0.5);
}

static NOIPA __attribute__((target("avx512f"))) void check_zmm(double x)
{
    double out[8];
    __m512d kept = _mm512_set1_pd(x);
    _mm512_storeu_pd(out, silent_frame_zmm(_mm512_set_pd(x, 1, 2, 3, 4, 5, 6, 7), kept));
    for (int i = 0; i < 7; i++)
        CHECK(out[i] == 7 - i + x);
    CHECK(out[7] == 2 * x);
}

static NOIPA u64 call_chained(u64 x, u64 chain)
{
    u64 r;
    __asm__ volatile("mov %2, %%r10\n sub $128, %%rsp\n call silent_frame_chained\n add $128, %%rsp"
                     : "=a"(r), "+D"(x) : "r"(chain) : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
    return r;
}

static NOIPA void check_numbers(u64 x)
{
    char text[64];
    volatile double third;
    CHECK(way_frame_format(text, "%d %.3f %Lf %s", 5, 0.125, 2.5L, "end") == 20 && !strcmp(text, "5 0.125 2.500000 end"));
    CHECK(way_frame_add(10, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, (double)x) == 45.0 + (double)x);
    CHECK(way_frame_extended(1.0L, 3.0L) == 1.0L / 3.0L && way_frame_extended(1.0L, 3.0L) != (long double)(1.0 / 3.0));
    CHECK(way_frame_complex(1.0 + 2.0 * I) == 2.0 + 4.0 * I);
    CHECK(way_frame_extended_complex(1.0L + 2.0L * I) == 3.0L + 6.0L * I);
    CHECK(way_frame_wide(x, ~x) == ((unsigned __int128)~x << 64 | x));
    fesetround(FE_UPWARD);
    third = way_frame_third(1.0);
    CHECK(fegetround() == FE_UPWARD && third > 1.0 / 3.0);
    fesetround(FE_TONEAREST);
    third = way_frame_third(1.0);
    CHECK(third == 1.0 / 3.0);
    CHECK(call_chained(x, 4711) == x + 4711);
    if (__builtin_cpu_supports("avx"))
        check_ymm((double)x);
    if (__builtin_cpu_supports("avx512f"))
        check_zmm((double)x);
}

NOIPA u64 way_frame_round(u64 x)
{
    ENTER();
    u64 r = way_frame_alloca(1000 + x * 30000);
    r = r * 7 + way_frame_huge(x);
    struct large l = way_frame_large(x);
    for (u64 i = 0; i < 40; i++)
        CHECK(l.words[i] == x * i);
    for (int i = 0; i < 20; i++)
        check_numbers(x + (u64)i);
    if (x % 8 == 0)
        r = r * 7 + way_frame_vfork(x);
    LEAVE();
    return r;
}

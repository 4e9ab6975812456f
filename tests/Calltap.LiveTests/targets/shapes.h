/* What every generated unit of the shapes program sees. A function counts its own calls with COUNT(id) exactly once per call, so its
 * definition must be called as itself: FN forbids inlining, cloning and the like. */
#ifndef SHAPES_H
#define SHAPES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <alloca.h>
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

typedef uint64_t u64;
typedef uint32_t u32;

#ifdef __cplusplus
#define API extern "C"
#define C_LINKAGE_BEGIN extern "C" {
#define C_LINKAGE_END }
#else
#define API extern
#define C_LINKAGE_BEGIN
#define C_LINKAGE_END
#endif
#ifdef __clang__
#define WHOLE __attribute__((noinline))
#define OWN __attribute__((noinline))
#else
#define WHOLE __attribute__((noipa))
/* Without noipa: the caller may rely on registers that this function happens to leave alone (-fipa-ra). */
#define OWN __attribute__((noinline, noclone))
#endif
#define FN API WHOLE
#define STATIC_FN static OWN
#define INLINE static inline __attribute__((always_inline, unused))

C_LINKAGE_BEGIN
extern __thread u64 *shape_counts;  /* this thread's row of the count matrix */
extern __thread char shape_stack[65536];
extern u64 shape_memory[16];
extern int shape_has_avx;
C_LINKAGE_END

#define COUNT(id) ((void)shape_counts[id]++)
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))

INLINE u64 mix(u64 a, u64 b)
{
    a = (a ^ b) * 0x9e3779b97f4a7c15u;
    return a ^ (a >> 29);
}

INLINE u64 bits(double d)
{
    u64 u;
    memcpy(&u, &d, sizeof u);
    return u;
}

/* A double of moderate size, exact. */
INLINE double real(u64 x)
{
    return (double)(int64_t)(x & 0xffffff) * 0.25;
}

#endif

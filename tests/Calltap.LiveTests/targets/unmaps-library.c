/* A library that comes and goes: functions on pages of their own, with regions of one instruction and of several. */
#include <stdint.h>

typedef uint64_t u64;

#define SEVERAL(n) \
    __attribute__((noipa, aligned(2048))) u64 several_##n(u64 x) { return x % 2 ? x * n + 1 : x + n; }
#define ONE(n) \
    __attribute__((noipa, aligned(2048))) u64 one_##n(u64 x) { return 0x12345678 + x * n; }
#define BOTH(n) SEVERAL(n) ONE(n)
#define FOUR(n) BOTH(n##0) BOTH(n##1) BOTH(n##2) BOTH(n##3)
#define CALL_BOTH(n) result += several_##n(x) + one_##n(x);
#define CALL_FOUR(n) CALL_BOTH(n##0) CALL_BOTH(n##1) CALL_BOTH(n##2) CALL_BOTH(n##3)

FOUR(1) FOUR(2) FOUR(3) FOUR(4) FOUR(5) FOUR(6) FOUR(7) FOUR(8)

static u64 kept;

u64 library_root(u64 x);
__attribute__((noipa)) u64 library_root(u64 x)
{
    u64 result = 0;
    CALL_FOUR(1) CALL_FOUR(2) CALL_FOUR(3) CALL_FOUR(4) CALL_FOUR(5) CALL_FOUR(6) CALL_FOUR(7) CALL_FOUR(8)
    return result;
}

/* Executes breakpoints, if there are any, while the library is taken down. */
__attribute__((destructor)) static void library_ends(void)
{
    kept = library_root(kept);
}

/* A library that comes and goes. plugin_root(x) is 4x + 6, by functions with regions of one instruction and of several. FILLING adds more. */
#include <stdint.h>

typedef uint64_t u64;

__attribute__((noipa)) static u64 several(u64 x)
{
    return x % 2 ? x * 2 + 1 : x + x + 1;
}

__attribute__((noipa)) static u64 one(u64 x)
{
    return x + 0x12345678;
}

__attribute__((noipa)) static u64 one_back(u64 x)
{
    return x - 0x12345678;
}

u64 plugin_root(u64 x);
__attribute__((noipa)) u64 plugin_root(u64 x)
{
    return several(one_back(one(x))) * 2 + 4;
}

#ifdef ADDRESS_IN_CODE
__asm__(".text\n.quad plugin_root\n");
#endif

#ifdef FILLING
#define F1(n) __attribute__((noipa)) u64 filling_##n(u64 x); u64 filling_##n(u64 x) { return x % 3 ? x * 0x##n + 1 : several(x) + 1; }
#define F16(n) F1(n##0) F1(n##1) F1(n##2) F1(n##3) F1(n##4) F1(n##5) F1(n##6) F1(n##7) F1(n##8) F1(n##9) F1(n##a) F1(n##b) F1(n##c) F1(n##d) F1(n##e) F1(n##f)
#define F256(n) F16(n##0) F16(n##1) F16(n##2) F16(n##3) F16(n##4) F16(n##5) F16(n##6) F16(n##7) F16(n##8) F16(n##9) F16(n##a) F16(n##b) F16(n##c) F16(n##d) F16(n##e) F16(n##f)
#define F4096(n) F256(n##0) F256(n##1) F256(n##2) F256(n##3) F256(n##4) F256(n##5) F256(n##6) F256(n##7) F256(n##8) F256(n##9) F256(n##a) F256(n##b) F256(n##c) F256(n##d) F256(n##e) F256(n##f)
F4096(1)
#endif

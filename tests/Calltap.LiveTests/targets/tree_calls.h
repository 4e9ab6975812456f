/* Two functions whose calls are counted by the tester, with results that the caller can check: tree_root(x) is 14 * x + 13. */
#pragma once
#include <stdint.h>

typedef uint64_t u64;

u64 tree_leaf(u64 x);
__attribute__((noipa)) u64 tree_leaf(u64 x)
{
    return x % 5 ? x * 7 + 3 : x * 8 - x + 3;
}

u64 tree_root(u64 x);
__attribute__((noipa)) u64 tree_root(u64 x)
{
    return tree_leaf(x) + tree_leaf(x + 1);
}

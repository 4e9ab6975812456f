/* Calls a function 3 times before main, another 1000 times in it, and ends with the exit code given: once CODE */
#include <stdint.h>
#include <stdlib.h>

uint64_t once_leaf(uint64_t x);
__attribute__((noipa)) uint64_t once_leaf(uint64_t x)
{
    return x * 5 + 7;
}

uint64_t once_early(uint64_t x);
__attribute__((noipa)) uint64_t once_early(uint64_t x)
{
    return x * 3 + 1;
}

static uint64_t early;
__attribute__((constructor)) static void construct(void)
{
    for (uint64_t i = 0; i < 3; i++)
        early += once_early(i);
}

int main(int argc, char **argv)
{
    uint64_t sum = 0;
    if (early != 12)
        return 98;
    for (uint64_t i = 0; i < 1000; i++)
        sum += once_leaf(i);
    if (sum != 5 * 499500ull + 7000)
        return 99;
    return argc > 1 ? atoi(argv[1]) : 0;
}

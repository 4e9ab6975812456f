/* Calls a function 1000 times and ends with the exit code given: once CODE */
#include <stdint.h>
#include <stdlib.h>

uint64_t once_leaf(uint64_t x);
__attribute__((noipa)) uint64_t once_leaf(uint64_t x)
{
    return x * 5 + 7;
}

int main(int argc, char **argv)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 1000; i++)
        sum += once_leaf(i);
    if (sum != 5 * 499500ull + 7000)
        return 99;
    return argc > 1 ? atoi(argv[1]) : 0;
}

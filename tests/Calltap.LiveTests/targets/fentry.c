/* Counts the calls of every function compiled with -pg -mfentry, by the address to which its first call returns: what the shapes
 * program says of itself is compared with this. Writes lines of offset (from the image's start) and count to $FENTRY_OUTPUT. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { IMAGE_BYTES = 4 << 20 };
uint64_t fentry_counts[IMAGE_BYTES];

/* Keeps every register; flags are dead at a function's entry. */
__asm__(".text\n"
        ".globl __fentry__\n"
        ".type __fentry__, @function\n"
        "__fentry__:\n"
        "  pushq %rax\n"
        "  pushq %rcx\n"
        "  movq 16(%rsp), %rax\n"
        "  leaq __executable_start(%rip), %rcx\n"
        "  subq %rcx, %rax\n"
        "  leaq fentry_counts(%rip), %rcx\n"
        "  lock incq (%rcx, %rax, 8)\n"
        "  popq %rcx\n"
        "  popq %rax\n"
        "  ret\n"
        ".size __fentry__, . - __fentry__\n");

static __attribute__((destructor)) void fentry_write(void)
{
    FILE *f = fopen(getenv("FENTRY_OUTPUT"), "w");
    for (uint64_t i = 0; i < IMAGE_BYTES; i++)
        if (fentry_counts[i])
            fprintf(f, "%llu\t%llu\n", (unsigned long long)i, (unsigned long long)fentry_counts[i]);
    fclose(f);
}

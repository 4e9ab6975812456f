/* Code that a careless tracer breaks, most of it in assembly: corners CONTROL-FILE THREADS; command 1 makes argument[0] rounds,
 * each of which calls every function and checks what it returns. counts: 0 rounds of the thread. checksum: what corner_below saw.
 */
#include "control.h"

#define CORNER(name, code) \
    u64 name(u64 x);       \
    __asm__(".pushsection .text.corners,\"ax\",@progbits\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" code "\n.size " #name ", . - " #name "\n.popsection")

/* No alignment and no padding between these: an exit is left with the instructions before it. */

/* Lives in its red zone until the instruction before its return, and leaves a mark there. 2x */
CORNER(corner_red_zone,
    "movq $99, -16(%rsp)\n movq %rdi, -8(%rsp)\n movq %rdi, -128(%rsp)\n xorl %eax, %eax\n movq -8(%rsp), %rax\n addq -128(%rsp), %rax\n ret");

/* A conditional way out in the middle of a live red zone: odd x leaves for corner_red_other. x or x + 1 */
CORNER(corner_red_branch,
    "movq %rdi, -16(%rsp)\n testb $1, %dil\n .byte 0x0f, 0x85\n .long corner_red_other - . - 4\n movq -16(%rsp), %rax\n ret");
CORNER(corner_red_other, "leaq 1(%rdi), %rax\n ret");

/* Jumps past its own lock prefix, as libc does. 7 */
u64 corner_cell;
CORNER(corner_past_lock, "lock incq corner_cell(%rip)\n decl %edi\n jg corner_past_lock + 1\n movl $7, %eax\n ret");

/* Its entry is the head of its loop. 0 */
CORNER(corner_loop_entry, "decl %edi\n movl %edi, %eax\n jg corner_loop_entry\n xorl %eax, %eax\n ret");

/* A restartable sequence from its first byte on, with the signature before the abort address. x + 3 */
CORNER(corner_rseq,
    "leaq 1(%rdi), %rax\n addq $1, %rax\n 1: addq $1, %rax\n ret\n .byte 0x0f, 0xb9, 0x3d\n .long 0x53053053\n 2: leaq 3(%rdi), %rax\n ret\n"
    ".pushsection __rseq_cs,\"aw\",@progbits\n .balign 32\n .long 0, 0\n .quad corner_rseq, 1b - corner_rseq, 2b\n .popsection");

/* Four bytes behind its return that look like padding and are data. x + 0x90909090 */
CORNER(corner_data_behind, "movl corner_data(%rip), %eax\n addq %rdi, %rax\n ret");
__asm__(".pushsection .text.corners,\"ax\",@progbits\ncorner_data: .byte 0x90, 0x90, 0x90, 0x90\n.popsection");

/* Nops in front of the next function that are reserved for somebody (-fpatchable-function-entry=N,M). x + 0x12345, x + 4 */
CORNER(corner_before_nops, "leaq 0x12345(%rdi), %rax\n ret");
__asm__(".pushsection .text.corners,\"ax\",@progbits\ncorner_nops: .byte 0x90, 0x90, 0x90, 0x90, 0x90, 0x90\n.popsection\n"
        ".pushsection __patchable_function_entries,\"aw\",@progbits\n.quad corner_nops\n.popsection");
CORNER(corner_after_nops, "leaq 4(%rdi), %rax\n ret");

/* Nops that are padding and nothing else. x + 0x12345 */
CORNER(corner_padded, "leaq 0x12345(%rdi), %rax\n ret");
__asm__(".pushsection .text.corners,\"ax\",@progbits\n.byte 0x90, 0x90, 0x90, 0x90\n.popsection");

/* What is left of that mark: 99, but for an exit that is traced. */
CORNER(corner_below, "call corner_red_zone\n movq -24(%rsp), %rax\n ret");

/* ---- names: one body with two, one chosen at start, one that leaves for another, one with a cold part ---- */

__attribute__((noipa)) u64 corner_body(u64 x);
u64 corner_twin(u64 x) __attribute__((alias("corner_body")));
u64 corner_chosen(u64 x) __attribute__((ifunc("corner_choose")));
u64 corner_leaves(u64 x);
u64 corner_parted(u64 x);

__attribute__((noipa)) u64 corner_body(u64 x)
{
    return x * 11 + 2;
}

__attribute__((used)) static u64 (*corner_choose(void))(u64)
{
    return corner_body;
}

__attribute__((noipa)) u64 corner_leaves(u64 x)
{
    return corner_body(x + 1);
}

__attribute__((noipa, cold)) static u64 corner_rare(u64 x)
{
    return x - 5;
}

__attribute__((noipa)) u64 corner_parted(u64 x)
{
    if (__builtin_expect((x & 63) == 63, 0))
        return corner_rare(x) + corner_rare(x + 1);
    return x ^ 77;
}

static u64 wrong_in(u64 x)
{
    u64 wrong = 0;
    wrong += corner_red_zone(x) != 2 * x;
    wrong += corner_red_branch(x) != (x & 1 ? x + 1 : x);
    wrong += corner_past_lock(x & 3) != 7;
    wrong += corner_loop_entry(x & 7) != 0;
    wrong += corner_rseq(x) != x + 3;
    wrong += corner_data_behind(x) != x + 0x90909090u;
    wrong += corner_before_nops(x) != x + 0x12345;
    wrong += corner_after_nops(x) != x + 4;
    wrong += corner_padded(x) != x + 0x12345;
    wrong += corner_twin(x) != x * 11 + 2;
    wrong += corner_chosen(x) != x * 11 + 2;
    wrong += corner_leaves(x) != x * 11 + 13;
    wrong += corner_parted(x) != ((x & 63) == 63 ? 2 * x - 9 : x ^ 77);
    return wrong;
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    for (u64 i = 0; i < pool->control->argument[0] && !pool->control->stop; i++) {
        t->wrong += wrong_in(i);
        t->checksum = corner_below(i);
        control_counts(pool->control, thread)[0]++;
        t->rounds++;
    }
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    if (argc != 3)
        return 64;
    pool.control = control_open(argv[1], (u32)atoi(argv[2]), 1);
    pool.work = work;
    control_live(&life, pool.control, 900);
    phase_start_threads(&pool);
    __atomic_store_n(&pool.control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(&life) == 1) {
        phase_run(&pool, 1);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(pool.control) ? 1 : 0;
}

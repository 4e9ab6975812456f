/* A program with a SIGTRAP handler of its own that gets every kind of trap a program can have, while its functions are armed and
 * disarmed: traps CONTROL-FILE THREADS; command 1 makes argument[0] rounds; 2 runs into an int3 again and again until it is time to end. counts: 0 calls of trap_leaf by the thread. results, summed over
 * threads: 0 tgkill, 1 kill, 2 icebp, 3 two-byte int 3, 4 int3, 5 single steps, 6 of those at the second byte of trap_leaf.
 */
#include "control.h"
#include <ucontext.h>

/* Begins with an instruction of one byte: its second byte is an instruction too. 3x + 5 */
u64 trap_leaf(u64 x);
__asm__(".pushsection .text.traps,\"ax\",@progbits\n.balign 16\n.globl trap_leaf\n.type trap_leaf,@function\ntrap_leaf:\n"
        " pushq %rbx\n movq %rdi, %rbx\n leaq 5(%rbx,%rbx,2), %rax\n popq %rbx\n ret\n.size trap_leaf, . - trap_leaf\n.popsection");

extern const char after_icebp[], after_cd03[], after_int3[];

enum { TGKILL, KILL, ICEBP, CD03, INT3, STEP, STEP_INSIDE, KINDS };

static __thread u64 seen[KINDS];
static __thread int expecting = -1;
static __thread u64 unexpected;
static u64 killed;
static struct control *control;

static void on_trap(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const char *pc = (const char *)registers[REG_RIP];
    (void)number;
    if (expecting == ICEBP && pc + 1 == after_icebp) { /* some virtual machines report it as a fault: passed here */
        pc = after_icebp;
        registers[REG_RIP]++;
    }
    int is;
    if (info->si_code == SI_TKILL)
        is = TGKILL;
    else if (info->si_code == SI_USER)
        is = KILL;
    else if (info->si_code == SI_KERNEL)
        is = pc == after_cd03 ? CD03 : pc == after_int3 ? INT3 : KINDS;
    else if (expecting == STEP && info->si_code == TRAP_TRACE)
        is = STEP;
    else
        is = pc == after_icebp ? ICEBP : KINDS;
    if (is == KILL) { /* for the process: any thread may get it */
        __atomic_add_fetch(&killed, 1, __ATOMIC_RELAXED);
        return;
    }
    if (is == KINDS || is != expecting) {
        unexpected++;
        return;
    }
    seen[is]++;
    if (is == STEP && pc == (const char *)trap_leaf + 1)
        seen[STEP_INSIDE]++;
}

static u64 stepped_call(u64 x)
{
    u64 result;
    __asm__ volatile("subq $256, %%rsp\n pushfq\n orl $0x100, (%%rsp)\n popfq\n call trap_leaf\n pushfq\n andl $~0x100, (%%rsp)\n popfq\n addq $256, %%rsp"
                     : "=a"(result), "+D"(x) : : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
    return result;
}

/* noipa: the labels must be there once. */
__attribute__((noipa)) static void icebp(void) { __asm__ volatile(".byte 0xf1\n.globl after_icebp\nafter_icebp:" : : : "memory"); }
__attribute__((noipa)) static void cd03(void) { __asm__ volatile(".byte 0xcd, 0x03\n.globl after_cd03\nafter_cd03:" : : : "memory"); }
__attribute__((noipa)) static void own_int3(void) { __asm__ volatile("int3\n.globl after_int3\nafter_int3:" : : : "memory"); }

static u64 once(int kind, u64 x, pid_t tid)
{
    u64 before = seen[kind], result = 3 * x + 5;
    expecting = kind;
    switch (kind) {
    case TGKILL: syscall(SYS_tgkill, getpid(), tid, SIGTRAP); break;
    case ICEBP: icebp(); break;
    case CD03: cd03(); break;
    case INT3: own_int3(); break;
    default: result = stepped_call(x); break;
    }
    expecting = -1;
    u64 came = seen[kind] - before;
    return (kind == STEP ? came < 5 : came != 1) + (result != 3 * x + 5);
}

static void kill_all(struct control_thread *t)
{
    u64 before = __atomic_load_n(&killed, __ATOMIC_RELAXED), until = control_clock_ns(CLOCK_MONOTONIC) + 10000000000ull;
    kill(getpid(), SIGTRAP);
    while (__atomic_load_n(&killed, __ATOMIC_RELAXED) == before)
        if (control_clock_ns(CLOCK_MONOTONIC) > until) {
            t->wrong++;
            return;
        }
    seen[KILL]++;
}

static void work(struct phase_pool *pool, u32 thread)
{
    static const int kinds[] = {TGKILL, ICEBP, CD03, INT3, STEP};
    struct control_thread *t = control_thread_at(pool->control, thread);
    pid_t tid = (pid_t)t->tid;
    while (pool->kind == 2 && !pool->control->stop)
        t->wrong += once(INT3, 0, tid);
    for (u64 i = 0; pool->kind == 1 && i < pool->control->argument[0] && !pool->control->stop; i++) {
        for (u64 k = 0; k < 20; k++)
            t->wrong += trap_leaf(i + k) != 3 * (i + k) + 5;
        for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
            t->wrong += once(kinds[k], i, tid);
        control_counts(pool->control, thread)[0] += 21;
        if (thread == 0)
            kill_all(t);
        t->wrong += unexpected;
        unexpected = 0;
        for (int k = 0; k < KINDS; k++)
            __atomic_add_fetch(&control->results[k], seen[k], __ATOMIC_RELAXED), seen[k] = 0;
        t->rounds++;
    }
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    struct sigaction act;
    if (argc != 3)
        return 64;
    memset(&act, 0, sizeof act);
    act.sa_sigaction = on_trap;
    act.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGTRAP, &act, NULL);
    control = pool.control = control_open(argv[1], (u32)atoi(argv[2]), 1);
    pool.work = work;
    control_live(&life, pool.control, 900);
    phase_start_threads(&pool);
    __atomic_store_n(&pool.control->ready, 1, __ATOMIC_RELEASE);
    for (int kind; (kind = control_next(&life)) > 0;) {
        phase_run(&pool, kind);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(pool.control) ? 1 : 0;
}

/* Threads that signals have interrupted within functions, at every instruction of them, and whose handlers do not return before
 * they are told to: parked CONTROL-FILE THREADS. Thread t has the function park_table[t] of its own: shape t % SHAPES, and is
 * interrupted at instruction t / SHAPES of it (where there is one). Commands:
 *   1  all threads call their function and are interrupted in it; argument[0] says where the handlers run (enum place). Answered
 *      when every thread waits in its handler, or has had no such instruction.
 *   2  the handlers return; answered when every function has returned and was checked.
 *   3  all threads call their function argument[0] times.
 *   4  gives up its handler for SIGTRAP: nobody is interrupted any more.
 * counts: 0 the pc at which the thread was interrupted, 0 for none; 1 calls.
 */
#include "control.h"
#include <alloca.h>
#include <linux/futex.h>
#include <ucontext.h>

enum { SHAPES = 5, STEPS = 8, DEPTH = 70, STACK = 1 << 18, TRAP_FLAG = 0x100 };

enum place {
    PLAIN,       /* on the stack that was interrupted */
    ALTERNATE,   /* on a signal stack */
    NESTED,      /* one on the stack that was interrupted, interrupted by one on the signal stack */
    DEEP,        /* some dozens on the signal stack */
    SWITCHED,    /* on the stack that was interrupted, which the thread then left by swapcontext */
    COROUTINE,   /* the function on a coroutine's stack, one handler there, some dozens on the signal stack */
    CROWDED,     /* the same with one on the signal stack, below what looks like dozens of other saved contexts */
};

/* The shapes: the first five bytes or more, and the last, hold several instructions. */
__asm__(".altmacro\n"
        ".macro park n\n"
        ".globl park_a_\\n, park_b_\\n, park_c_\\n, park_d_\\n, park_e_\\n\n"
        ".type park_a_\\n,@function\n park_a_\\n:\n"
        "push %rbp\n mov %rsp,%rbp\n push %rbx\n mov %rdi,%rbx\n lea 7(%rbx,%rbx,2),%rax\n pop %rbx\n pop %rbp\n ret\n"
        ".size park_a_\\n,.-park_a_\\n\n"
        ".type park_b_\\n,@function\n park_b_\\n:\n"
        "push %rdi\n push %rdi\n pop %rax\n pop %rdx\n push %rdx\n pop %rdx\n lea 5(%rax,%rdx),%rax\n ret\n"
        ".size park_b_\\n,.-park_b_\\n\n"
        ".type park_c_\\n,@function\n park_c_\\n:\n"
        "mov %rdi,%rax\n add $9,%rax\n xor $3,%rax\n ret\n"
        ".size park_c_\\n,.-park_c_\\n\n"
        ".type park_d_\\n,@function\n park_d_\\n:\n"
        "endbr64\n push %rbx\n mov %rdi,%rbx\n imul $5,%rbx,%rax\n pop %rbx\n ret\n"
        ".size park_d_\\n,.-park_d_\\n\n"
        ".type park_e_\\n,@function\n park_e_\\n:\n"
        "xor %eax,%eax\n inc %eax\n add %edi,%eax\n ret\n"
        ".size park_e_\\n,.-park_e_\\n\n"
        ".pushsection .data.rel.ro.park,\"aw\"\n"
        ".quad park_a_\\n, park_b_\\n, park_c_\\n, park_d_\\n, park_e_\\n\n"
        ".popsection\n"
        ".endm\n"
        ".pushsection .data.rel.ro.park,\"aw\"\n .globl park_table\n .p2align 3\n park_table:\n .popsection\n"
        ".text\n"
        ".set park_step,0\n"
        ".rept 8\n park %park_step\n .set park_step,park_step+1\n .endr\n"
        ".noaltmacro\n");

typedef u64 (*park_function)(u64);
extern const park_function park_table[SHAPES * STEPS];

static u64 expected(u32 shape, u64 x)
{
    switch (shape) {
    case 0: return 3 * x + 7;
    case 1: return 2 * x + 5;
    case 2: return (x + 9) ^ 3;
    case 3: return 5 * x;
    default: return (u32)x + 1;
    }
}

/* Calls with the trap flag set, so that a SIGTRAP follows every instruction, from the call on. */
u64 stepped_call(park_function f, u64 x);
__asm__(".globl stepped_call\n .type stepped_call,@function\n stepped_call:\n"
        "mov %rdi,%rax\n mov %rsi,%rdi\n sub $8,%rsp\n pushfq\n orq $0x100,(%rsp)\n popfq\n call *%rax\n add $8,%rsp\n ret\n"
        ".size stepped_call,.-stepped_call\n");

static struct control *control;
static u32 settled, released;
static enum place place;

struct stepping {
    park_function function;
    u32 index, step, seen;
    int depth;
    u64 x, result;
    ucontext_t own, other, home;
    char *signal_stack, *other_stack;
};

static __thread struct stepping *me;

static void settle(void)
{
    __atomic_add_fetch(&settled, 1, __ATOMIC_RELEASE);
}

static void await_release(void)
{
    settle();
    while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE)) {
        if (me->index % 8 == 0)
            __builtin_ia32_pause(); /* some run in their handlers */
        else
            syscall(SYS_futex, &released, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
}

/* What a scan must take for saved contexts: the selectors, and before them rsp, rip and flags. */
static void crowd(void)
{
    volatile u64 *words = alloca(DEPTH * 32);
    for (u32 i = 0; i < DEPTH; i++) {
        words[4 * i] = (u64)me->other_stack + 64 * i;
        words[4 * i + 1] = words[4 * i + 2] = 0;
        words[4 * i + 3] = 0x002b000000000033ull;
    }
    await_release();
    if (words[3] == 1)
        abort();
}

static void wait_elsewhere(void)
{
    await_release();
}

static void on_second(int number)
{
    if (place == CROWDED)
        crowd();
    else if (place != NESTED && ++me->depth < DEPTH)
        raise(number);
    else
        await_release();
}

static void on_first(int number)
{
    (void)number;
    switch (place) {
    case NESTED:
    case DEEP:
    case COROUTINE:
    case CROWDED:
        raise(SIGUSR2);
        break;
    case SWITCHED:
        getcontext(&me->other);
        me->other.uc_stack.ss_sp = me->other_stack;
        me->other.uc_stack.ss_size = STACK;
        me->other.uc_link = &me->home;
        makecontext(&me->other, wait_elsewhere, 0);
        swapcontext(&me->home, &me->other);
        break;
    default:
        await_release();
    }
}

/* After each instruction. The signal sent at the wanted one is blocked here: it arrives when this returns, at that very instruction. */
static void on_step(int number, siginfo_t *info, void *context)
{
    ucontext_t *c = (ucontext_t *)context;
    u64 pc = (u64)c->uc_mcontext.gregs[REG_RIP], start = (u64)me->function;
    (void)number;
    (void)info;
    if (pc >= start && pc < start + 32) {
        if (me->seen++ != me->step)
            return;
        control_counts(control, me->index)[0] = pc;
        raise(place == ALTERNATE || place == DEEP ? SIGRTMIN : SIGUSR1);
    } else if (!me->seen)
        return; /* on the way into the function */
    c->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static void catch_it(int number, void (*handler)(int), int flags)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = handler;
    act.sa_flags = flags;
    sigaction(number, &act, NULL);
}

static void call_stepped(void)
{
    me->result = stepped_call(me->function, me->x);
}

/* Apart from others: a scan goes on to the end of a mapping. */
static char *make_stack(void)
{
    char *stack = mmap(NULL, STACK + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack + 4096, STACK, PROT_READ | PROT_WRITE))
        control_die("cannot make", "a stack");
    return stack + 4096;
}

static void free_stack(char *stack)
{
    munmap(stack - 4096, STACK + 4096);
}

static void step_through(struct control_thread *t, u32 thread)
{
    struct stepping s;
    stack_t alternate;
    memset(&s, 0, sizeof s);
    s.function = park_table[thread];
    s.index = thread;
    s.step = thread / SHAPES;
    s.x = 1000 + thread;
    s.signal_stack = make_stack();
    s.other_stack = make_stack();
    char *coroutine_stack = make_stack();
    me = &s;
    memset(&alternate, 0, sizeof alternate);
    alternate.ss_sp = s.signal_stack;
    alternate.ss_size = STACK;
    sigaltstack(&alternate, NULL);
    control_counts(control, thread)[0] = 0;
    if (place == COROUTINE || place == CROWDED) {
        getcontext(&s.other);
        s.other.uc_stack.ss_sp = coroutine_stack;
        s.other.uc_stack.ss_size = STACK;
        s.other.uc_link = &s.own;
        makecontext(&s.other, call_stepped, 0);
        swapcontext(&s.own, &s.other);
    } else
        call_stepped();
    t->wrong += s.result != expected(thread % SHAPES, s.x);
    if (!control_counts(control, thread)[0])
        settle(); /* the function has no such instruction */
    alternate.ss_flags = SS_DISABLE;
    sigaltstack(&alternate, NULL);
    free_stack(s.signal_stack);
    free_stack(s.other_stack);
    free_stack(coroutine_stack);
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    if (pool->kind == 1)
        step_through(t, thread);
    else
        for (u64 i = 0; i < control->argument[0]; i++) {
            t->wrong += park_table[thread](i) != expected(thread % SHAPES, i);
            control_counts(control, thread)[1]++;
        }
    t->rounds++;
}

static struct phase_pool pool;

static void *run_stepped(void *unused)
{
    (void)unused;
    phase_run(&pool, 1);
    return NULL;
}

static void catch_signals(void)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    sigfillset(&act.sa_mask);
    act.sa_sigaction = on_step;
    act.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &act, NULL);
    catch_it(SIGUSR1, on_first, 0);
    catch_it(SIGRTMIN, on_first, SA_ONSTACK);
    catch_it(SIGUSR2, on_second, SA_ONSTACK | SA_NODEFER);
}

int main(int argc, char **argv)
{
    struct control_life life;
    pthread_t running;
    int kind;
    if (argc != 3 || atoi(argv[2]) > SHAPES * STEPS)
        return 64;
    control = pool.control = control_open(argv[1], (u32)atoi(argv[2]), 2);
    pool.work = work;
    catch_signals();
    control_live(&life, control, 900);
    phase_start_threads(&pool);
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        if (kind == 1) {
            place = (enum place)control->argument[0];
            settled = released = 0;
            pthread_create(&running, NULL, run_stepped, NULL);
            while (__atomic_load_n(&settled, __ATOMIC_ACQUIRE) < control->threads && control_wait(&life)) {}
        } else if (kind == 2) {
            __atomic_store_n(&released, 1, __ATOMIC_RELEASE);
            syscall(SYS_futex, &released, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
            pthread_join(running, NULL);
        } else if (kind == 4)
            signal(SIGTRAP, SIG_DFL);
        else
            phase_run(&pool, 3);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(control) ? 1 : 0;
}

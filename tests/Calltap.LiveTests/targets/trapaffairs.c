/* Threads for which SIGTRAP is their own affair: blocked, for a while or for good, ignored, caught, sent, raised by an int3 of their own,
 * its action changed, while the functions they call are armed and disarmed: trapaffairs CONTROL-FILE THREADS.
 * Command 1 starts a phase, argument[0] its kind; command 2 ends it and checks what is left: results 0 the action is not the one set last,
 * 1 signals caught, 2 breakpoints of its own caught, 3 signals waited for, 4 actions set.
 */
#include "control.h"
#include <ucontext.h>

enum phase_kind { CAUGHT, WAITED_FOR, IGNORED, CHANGED };

u64 trap_leaf(u64 x);
u64 trap_handled(u64 x);
void own_breakpoint(void);
extern char after_own_breakpoint[];

__attribute__((noipa)) u64 trap_leaf(u64 x)
{
    return x * 13 + 4;
}

__attribute__((noipa)) u64 trap_handled(u64 x)
{
    return x * 17 + 6;
}

__attribute__((noinline)) void own_breakpoint(void)
{
    __asm__ volatile("int3\n.globl after_own_breakpoint\nafter_own_breakpoint:" ::: "memory");
}

static struct control *control;
static volatile u32 running;
static u64 caught, raised;
static __thread volatile u64 own_raised, own_sent;
static struct sigaction last_set;
static pthread_barrier_t together; /* nobody sends before everybody blocks, or unblocks while somebody sends */

static void count_wrong(const char *what, long value)
{
    static u32 said;
    control_thread_at(control, 0)->wrong++; /* more than one writer, but only ever to say that something is wrong */
    if (__atomic_add_fetch(&said, 1, __ATOMIC_RELAXED) <= 20)
        fprintf(stderr, "%s: %ld\n", what, value);
}

/* Runs with every signal blocked, SIGTRAP too, and calls what is armed. */
static void handle(int number, siginfo_t *info, void *context, int also_blocked)
{
    const ucontext_t *c = (const ucontext_t *)context;
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    if (!sigismember(&now, SIGTRAP) || !sigismember(&now, also_blocked))
        count_wrong("mask in the handler", also_blocked);
    if (number != SIGTRAP || info->si_signo != SIGTRAP)
        count_wrong("signal", number);
    u64 x = own_raised + own_sent;
    if (trap_handled(x) != x * 17 + 6)
        count_wrong("call in the handler", 0);
    if (info->si_code == SI_KERNEL) {
        if ((char *)c->uc_mcontext.gregs[REG_RIP] != after_own_breakpoint)
            count_wrong("pc behind the breakpoint", (long)c->uc_mcontext.gregs[REG_RIP]);
        own_raised++;
        __atomic_add_fetch(&raised, 1, __ATOMIC_RELAXED);
        return;
    }
    if ((info->si_code != SI_TKILL && info->si_code != SI_USER) || info->si_pid != getpid())
        count_wrong("si_code", info->si_code);
    own_sent += info->si_code == SI_TKILL;
    __atomic_add_fetch(&caught, 1, __ATOMIC_RELAXED);
}

static void first_handler(int number, siginfo_t *info, void *context)
{
    handle(number, info, context, SIGUSR1);
}

static void second_handler(int number, siginfo_t *info, void *context)
{
    handle(number, info, context, SIGUSR2);
}

static void set_action(const struct sigaction *action)
{
    last_set = *action;
    if (sigaction(SIGTRAP, action, NULL))
        control_die("cannot set", "action");
    control->results[4]++;
}

static struct sigaction catching(int which)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_sigaction = which ? second_handler : first_handler;
    act.sa_flags = SA_SIGINFO | (which ? SA_RESTART : 0);
    sigaddset(&act.sa_mask, which ? SIGUSR2 : SIGUSR1);
    return act;
}

static struct sigaction plain(void (*handler)(int))
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = handler;
    return act;
}

/* sigismember of each signal: libc's sets are longer than the kernel's. Whoever changes the action takes away what tells that the kernel has
 * found SIGTRAP blocked (docs/limits.md): not SIGTRAP then. */
static void check_mask(const sigset_t *expected)
{
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    for (int s = 1; s < 65; s++) {
        if (s == SIGTRAP && control->argument[0] == CHANGED)
            continue;
        if (s != 32 && s != 33 && sigismember(&now, s) != sigismember(expected, s))
            count_wrong("mask of the thread, signal", s);
    }
}

static void call_it(struct control_thread *t)
{
    for (u64 i = 0; i < 200; i++)
        t->wrong += trap_leaf(i) != i * 13 + 4;
}

/* Blocked for a while, again and again. */
static void toggle(struct control_thread *t, const sigset_t *more)
{
    sigset_t before, meanwhile;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    call_it(t);
    check_mask(&before);
    pthread_sigmask(SIG_BLOCK, more, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &meanwhile);
    if (!sigismember(&meanwhile, SIGTRAP))
        count_wrong("blocked now", 0);
    call_it(t);
    check_mask(&meanwhile);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void raise_and_send(struct control_thread *t)
{
    u64 expected = own_raised + 1, sent = own_sent + 1;
    own_breakpoint();
    if (own_raised != expected)
        count_wrong("own breakpoint was not handled", (long)expected);
    call_it(t);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGTRAP);
    if (own_sent != sent)
        count_wrong("signal was not handled", (long)sent);
}

/* Not to be ignored: the kernel then drops a breakpoint's signal that a thread has taken already (docs/limits.md). */
static void change(u64 round)
{
    struct sigaction act = round % 3 < 2 ? catching((int)(round % 3)) : plain(SIG_DFL);
    set_action(&act);
    usleep(150);
}

static void wait_for_it(void)
{
    sigset_t one;
    siginfo_t info;
    struct timespec limit = {10, 0};
    sigemptyset(&one);
    sigaddset(&one, SIGTRAP);
    kill(getpid(), SIGTRAP);
    if (sigtimedwait(&one, &info, &limit) != SIGTRAP || info.si_code != SI_USER || info.si_pid != getpid())
        count_wrong("signal waited for", errno);
    control->results[3]++;
}

static void caught_round(struct control_thread *t, u32 thread, const sigset_t *all)
{
    if (thread == 2 || thread == 3)
        toggle(t, all);
    else if (thread == 5)
        raise_and_send(t);
    else if (thread == 6) {
        kill(getpid(), SIGTRAP);
        usleep(500);
    } else
        call_it(t);
}

static void one_round(struct control_thread *t, u32 thread, const sigset_t *all)
{
    switch (control->argument[0]) {
    case CAUGHT:
        caught_round(t, thread, all);
        break;
    case WAITED_FOR:
        if (thread == 0)
            wait_for_it();
        call_it(t);
        break;
    case IGNORED:
        if (thread == 0) {
            kill(getpid(), SIGTRAP);
            usleep(100);
        }
        call_it(t);
        break;
    default:
        if (thread == 7)
            change(t->rounds);
        else if (thread == 2 || thread == 3)
            toggle(t, all);
        else
            call_it(t);
    }
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    sigset_t all, one, own, before;
    sigfillset(&all);
    sigemptyset(&one);
    sigaddset(&one, SIGTRAP);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    if (control->argument[0] == WAITED_FOR)
        pthread_sigmask(SIG_BLOCK, thread % 2 ? &all : &one, NULL);
    if ((control->argument[0] == CAUGHT || control->argument[0] == CHANGED) && thread == 4)
        pthread_sigmask(SIG_BLOCK, &one, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    pthread_barrier_wait(&together);
    for (; running && !control->stop; t->rounds++) {
        one_round(t, thread, &all);
        usleep(20);
        if (thread != 2 && thread != 3)
            check_mask(&own);
    }
    pthread_barrier_wait(&together);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void *run_all(void *pool)
{
    phase_run((struct phase_pool *)pool, 1);
    return NULL;
}

static void begin(void)
{
    struct sigaction act = control->argument[0] == IGNORED ? plain(SIG_IGN) : control->argument[0] == WAITED_FOR ? plain(SIG_DFL) : catching(0);
    set_action(&act);
    running = 1;
}

/* sa_restorer is libc's own affair. */
static void check_action(void)
{
    struct sigaction now;
    sigaction(SIGTRAP, NULL, &now);
    now.sa_flags &= ~0x04000000; /* SA_RESTORER, which libc adds */
    control->results[0] = now.sa_sigaction != last_set.sa_sigaction || now.sa_flags != last_set.sa_flags
        || memcmp(&now.sa_mask, &last_set.sa_mask, 8);
    if (control->results[0])
        fprintf(stderr, "action is %p %#x, was set to %p %#x\n", (void *)now.sa_sigaction, now.sa_flags, (void *)last_set.sa_sigaction, last_set.sa_flags);
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    pthread_t all;
    sigset_t one;
    int kind;
    if (argc != 3)
        return 64;
    control = pool.control = control_open(argv[1], (u32)atoi(argv[2]), 0);
    pool.work = work;
    pthread_barrier_init(&together, NULL, control->threads);
    control_live(&life, control, 900);
    phase_start_threads(&pool);
    sigemptyset(&one);
    sigaddset(&one, SIGTRAP);
    pthread_sigmask(SIG_BLOCK, &one, NULL); /* signals go to the threads */
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        if (kind == 1) {
            begin();
            pthread_create(&all, NULL, run_all, &pool);
        } else {
            running = 0;
            pthread_join(all, NULL);
            control->results[1] = caught;
            control->results[2] = raised;
            check_action();
        }
        control_answer(&life);
    }
    if (running) {
        running = 0;
        pthread_join(all, NULL);
    }
    phase_run(&pool, -1);
    return control_wrong(control) ? 1 : 0;
}

/* Handlers that enter traced functions: on a stack of their own, nested, with everything blocked, with nothing blocked; timers that come at any instruction. */
#include "harm.h"

u64 way_signal_leaf(u64 x);
void way_signal_plain(int number);
void way_signal_nodefer(int number);
void way_signal_full(int number);
void way_signal_on_stack(int number);
void way_timer_handler(int number);
u64 way_timer_leaf(u64 x);

static __thread volatile u64 sum;
static __thread volatile int again;

NOIPA u64 way_signal_leaf(u64 x)
{
    ENTER();
    LEAVE();
    return x * 9 + 2;
}

NOIPA void way_signal_plain(int number)
{
    ENTER();
    sum += way_signal_leaf((u64)number);
    LEAVE();
}

/* Interrupts itself. */
NOIPA void way_signal_nodefer(int number)
{
    ENTER();
    sum = sum * 3 + way_signal_leaf((u64)number);
    if (again-- > 0)
        raise(number);
    LEAVE();
}

/* A second signal waits until this one has ended. */
NOIPA void way_signal_full(int number)
{
    ENTER();
    u64 before = sum;
    raise(SIGUSR1);
    CHECK(sum == before);
    sum = sum * 5 + way_signal_leaf((u64)number);
    LEAVE();
}

NOIPA void way_signal_on_stack(int number)
{
    u32 depth = trail_depth;
    trail_depth = 0;
    ENTER();
    sum = sum * 7 + way_signal_leaf((u64)number);
    raise(SIGUSR1); /* comes on this stack, above these frames' end */
    LEAVE();
    trail_depth = depth;
}

static void handle(int number, void (*handler)(int), int flags, int full)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = handler;
    act.sa_flags = flags;
    if (full)
        sigfillset(&act.sa_mask);
    sigaction(number, &act, NULL);
}

static void prepare(void)
{
    stack_t stack = {.ss_sp = harm_far_stack(1 << 17), .ss_size = 1 << 17};
    if (sigaltstack(&stack, NULL))
        harm_die("cannot set", "the signal stack");
    handle(SIGUSR1, way_signal_plain, 0, 0);
    handle(SIGUSR2, way_signal_nodefer, SA_NODEFER, 0);
    handle(SIGRTMIN + 2, way_signal_full, 0, 1);
    handle(SIGRTMIN + 3, way_signal_on_stack, SA_ONSTACK, 0);
}

NOIPA u64 way_signal_round(u64 x)
{
    static __thread int prepared;
    ENTER();
    if (!prepared++)
        prepare();
    sum = x;
    again = 3;
    raise(SIGUSR1);
    CHECK(sum == x + 9 * SIGUSR1 + 2);
    raise(SIGUSR2);
    CHECK(again == -1);
    raise(SIGRTMIN + 2);
    raise(SIGRTMIN + 3);
    LEAVE();
    return sum;
}

/* ---- at any instruction: trampolines and regions included ---- */

NOIPA void way_timer_handler(int number)
{
    (void)number;
    ENTER();
    CHECK(way_timer_leaf(1) == 14);
    LEAVE();
}

NOIPA u64 way_timer_leaf(u64 x)
{
    ENTER();
    LEAVE();
    return x * 11 + 3;
}

NOIPA u64 way_timer_round(u64 x)
{
    static __thread timer_t timer;
    static __thread int prepared;
    const struct itimerspec every = {{0, 50000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    ENTER();
    if (!prepared++) {
        struct sigevent event;
        stack_t stack = {.ss_sp = harm_far_stack(1 << 17), .ss_size = 1 << 17};
        sigaltstack(&stack, NULL);
        handle(SIGRTMIN + 4, way_timer_handler, SA_RESTART | SA_ONSTACK, 0);
        memset(&event, 0, sizeof event);
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = SIGRTMIN + 4;
        event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
        if (timer_create(CLOCK_MONOTONIC, &event, &timer))
            harm_die("cannot make", "timer");
    }
    timer_settime(timer, 0, &every, NULL);
    for (u64 i = 0; i < 200; i++)
        CHECK(way_timer_leaf(x + i) == (x + i) * 11 + 3);
    timer_settime(timer, 0, &never, NULL); /* what is pending comes before this returns */
    LEAVE();
    return x;
}

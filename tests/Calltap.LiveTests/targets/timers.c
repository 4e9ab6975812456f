/* Timer signals at more than 1 kHz interrupt threads that call, and their handlers call too, one of them on an alternate stack:
 * timers CONTROL-FILE THREADS. Command 1 makes argument[0] rounds. counts: columns 0 calls of timed_root and timed_leaf by the
 * threads, 1 calls of timed_handled by handlers. results: 0 signals on the normal stack, 1 on the alternate one.
 */
#include "control.h"

u64 timed_leaf(u64 x);
u64 timed_root(u64 x);
u64 timed_handled(u64 x);

__attribute__((noipa)) u64 timed_leaf(u64 x)
{
    return x * 5 + 1;
}

__attribute__((noipa)) u64 timed_root(u64 x)
{
    return timed_leaf(x) + timed_leaf(x + 1) + timed_leaf(x + 2);
}

__attribute__((noipa)) u64 timed_handled(u64 x)
{
    return timed_leaf(x) ^ 9;
}

enum { NORMAL, ALTERNATE };

static __thread u64 *counts;
static __thread u64 *wrong;
static u64 seen[2];

static void handle(int which)
{
    if (!counts)
        return;
    u64 x = __atomic_add_fetch(&seen[which], 1, __ATOMIC_RELAXED);
    *wrong += timed_handled(x) != ((x * 5 + 1) ^ 9);
    __atomic_add_fetch(&counts[1], 1, __ATOMIC_RELAXED); /* handlers nest */
}

static void on_normal(int number)
{
    (void)number;
    handle(NORMAL);
}

static void on_alternate(int number)
{
    (void)number;
    handle(ALTERNATE);
}

static void catch_it(int number, void (*handler)(int), int flags)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = handler;
    act.sa_flags = SA_RESTART | flags;
    sigaction(number, &act, NULL);
}

static timer_t start_timer(int number, long ns)
{
    timer_t timer;
    struct sigevent event;
    struct itimerspec every = {{0, ns}, {0, ns}};
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = number;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &every, NULL))
        control_die("cannot start", "timer");
    return timer;
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    static __thread char other[65536];
    stack_t alternate = {.ss_sp = other, .ss_size = sizeof other};
    sigaltstack(&alternate, NULL);
    wrong = &t->wrong;
    counts = control_counts(pool->control, thread);
    timer_t first = start_timer(SIGRTMIN + 1, 331000), second = start_timer(SIGRTMIN + 2, 457000);
    for (u64 i = 0; i < pool->control->argument[0] && !pool->control->stop; i++) {
        for (u64 k = 0; k < 100; k++)
            t->wrong += timed_root(i + k) != 15 * (i + k) + 18;
        counts[0] += 100;
        t->rounds++;
    }
    timer_delete(first);
    timer_delete(second);
    usleep(1000); /* what was queued arrives */
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    if (argc != 3)
        return 64;
    catch_it(SIGRTMIN + 1, on_normal, 0);
    catch_it(SIGRTMIN + 2, on_alternate, SA_ONSTACK);
    pool.control = control_open(argv[1], (u32)atoi(argv[2]), 2);
    pool.work = work;
    control_live(&life, pool.control, 900);
    phase_start_threads(&pool);
    __atomic_store_n(&pool.control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(&life) == 1) {
        phase_run(&pool, 1);
        pool.control->results[NORMAL] = seen[NORMAL];
        pool.control->results[ALTERNATE] = seen[ALTERNATE];
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(pool.control) ? 1 : 0;
}

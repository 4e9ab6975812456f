/* Timer signals whose handlers leave by siglongjmp, from wherever they have interrupted: leaps CONTROL-FILE THREADS; command 1 makes
 * argument[0] rounds of calls in each thread; with argument[1] every round is a thread of its own. counts: 0 calls of leap_leaf that
 * were begun, 1 leaps.
 */
#include "control.h"
#include <setjmp.h>

u64 leap_leaf(u64 x);
__attribute__((noipa)) u64 leap_leaf(u64 x)
{
    return x * 9 + 4;
}

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t may_leap;

static void on_timer(int number)
{
    (void)number;
    if (may_leap) {
        may_leap = 0;
        siglongjmp(back, 1);
    }
}

struct lane {
    struct phase_pool *pool;
    u32 thread;
};

static void *leap(void *argument)
{
    struct lane *lane = (struct lane *)argument;
    struct control_thread *t = control_thread_at(lane->pool->control, lane->thread);
    volatile u64 *counts = control_counts(lane->pool->control, lane->thread);
    volatile u64 x = 0;
    if (sigsetjmp(back, 1)) {
        counts[1]++;
        return NULL;
    }
    may_leap = 1;
    for (; x < 20000; x++) {
        counts[0]++;
        t->wrong += leap_leaf(x) != x * 9 + 4;
    }
    may_leap = 0;
    return NULL;
}

static void start_timer(timer_t *timer)
{
    struct sigevent event;
    struct itimerspec every = {{0, 237000}, {0, 237000}};
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGRTMIN + 1;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_MONOTONIC, &event, timer) || timer_settime(*timer, 0, &every, NULL))
        control_die("cannot start", "timer");
}

static void *leap_alone(void *argument)
{
    timer_t timer;
    start_timer(&timer);
    leap(argument);
    timer_delete(timer);
    return NULL;
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct lane lane = {pool, thread};
    pthread_t one;
    timer_t timer;
    if (!pool->control->argument[1])
        start_timer(&timer);
    for (u64 i = 0; i < pool->control->argument[0] && !pool->control->stop; i++) {
        if (!pool->control->argument[1])
            leap(&lane);
        else if (pthread_create(&one, NULL, leap_alone, &lane))
            control_die("cannot start", "thread");
        else
            pthread_join(one, NULL);
        control_thread_at(pool->control, thread)->rounds++;
    }
    if (!pool->control->argument[1])
        timer_delete(timer);
    usleep(1000);
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    struct sigaction act;
    if (argc != 3)
        return 64;
    memset(&act, 0, sizeof act);
    act.sa_handler = on_timer;
    act.sa_flags = SA_RESTART;
    sigaction(SIGRTMIN + 1, &act, NULL);
    pool.control = control_open(argv[1], (u32)atoi(argv[2]), 2);
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

/* Threads come and go all the time: churn CONTROL-FILE THREADS. Each of THREADS lanes starts a thread that calls a few hundred
 * times and ends, and then the next. counts: one column, a lane's calls. rounds: threads that have ended.
 */
#include "control.h"

u64 churn_leaf(u64 x);
__attribute__((noipa)) u64 churn_leaf(u64 x)
{
    return (x ^ 21) + 5;
}

struct lane {
    struct control *control;
    u32 index;
};

static void *short_life(void *argument)
{
    struct lane *lane = (struct lane *)argument;
    u64 wrong = 0;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    for (u64 i = 0; i < 300; i++)
        wrong += churn_leaf(i) != (i ^ 21) + 5;
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int s = 1; s < 32; s++) /* libc starts a thread with all signals blocked, and unblocks them before this */
        wrong += sigismember(&before, s) != 0 || sigismember(&after, s) != 0;
    control_counts(lane->control, lane->index)[0] += 300;
    control_thread_at(lane->control, lane->index)->wrong += wrong;
    return NULL;
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct lane lane = {pool->control, thread};
    pthread_t one;
    for (u64 i = 0; i < pool->control->argument[0] && !pool->control->stop; i++) {
        errno = pthread_create(&one, NULL, short_life, &lane);
        if (errno)
            control_die("cannot start", "thread");
        pthread_join(one, NULL);
        control_thread_at(pool->control, thread)->rounds++;
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

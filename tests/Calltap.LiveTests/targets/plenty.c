/* A program of very many functions (made by the test, in assembly): plenty CONTROL-FILE THREADS; command 1: argument[0] times each of them in each thread. */
#include "control.h"

extern u64 (*const plenty_begin[])(u64), (*const plenty_end[])(u64);

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    u64 n = (u64)(plenty_end - plenty_begin), wrong = 0;
    for (u64 round = 0; round < pool->control->argument[0] && !pool->control->stop; round++) {
        for (u64 i = 0; i < n; i++)
            wrong += plenty_begin[i](round) != round + i + 200;
        t->rounds++;
    }
    t->wrong += wrong;
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    if (argc != 3)
        return 64;
    pool.control = control_open(argv[1], (u32)atoi(argv[2]), 0);
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

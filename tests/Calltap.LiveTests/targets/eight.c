/* Eight threads call one function: eight CONTROL-FILE THREADS; command 1 makes each thread call argument[0] times. */
#include "control.h"

u64 one_leaf(u64 x);
__attribute__((noipa)) u64 one_leaf(u64 x)
{
    return x * 3 + 1;
}

static void call_it(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    for (u64 i = 0; i < pool->control->argument[0]; i++)
        t->wrong += one_leaf(i) != i * 3 + 1;
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    if (argc != 3)
        return 64;
    pool.control = control_open(argv[1], (u32)atoi(argv[2]), 0);
    pool.work = call_it;
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

/* The demo's threads: each walks all functions in an order of its own and checks every result.
 * Usage: demo CONTROL-FILE|- [seconds] [threads] */
#include "control.h"
#include "plain.h"
#include <sched.h>

/* About 1 ns a step: a multiplication that waits for the one before. The number of steps is read anew each time, so that the
 * tester can hold all threads between two calls and let them go on at once. Inlined, so that it is no function to trace. */
static inline __attribute__((always_inline)) void demo_work(const volatile u64 *steps)
{
    u64 x = 1;
    for (u64 i = 0; i < *steps; i++)
        __asm__ volatile("imul $3, %0, %0" : "+r"(x));
}

static void demo_round(struct control *c, struct control_thread *t, struct gap_meter *gaps, u64 *at, u64 *x)
{
    for (u32 i = 0; i < PLAIN_COUNT && !c->stop && !control_terminated; i++) {
        const struct plain_entry *e = &plain_table[*at];
        u64 result = e->function(*x);
        if (result != e->factor * *x + e->term)
            t->wrong++;
        t->calls += e->calls;
        t->checksum = t->checksum * 31 + result;
        *at = (*at + PLAIN_STRIDE) % PLAIN_COUNT;
        *x = *x * 6364136223846793005ull + 1442695040888963407ull;
        __atomic_store_n(&t->resting, 1, __ATOMIC_RELEASE);
        demo_work(&c->work);
        __atomic_store_n(&t->resting, 0, __ATOMIC_RELEASE);
        gap_check(gaps);
    }
}

static void *demo_thread(void *argument)
{
    struct phase_start start = *(struct phase_start *)argument;
    struct control *c = start.pool->control;
    struct control_thread *t = control_thread_at(c, start.index);
    struct gap_meter gaps;
    u64 at = start.index * (PLAIN_COUNT / c->threads), x = start.index + 1;
    free(argument);
    gap_start(&gaps, c, t);
    __atomic_store_n(&t->tid, (u64)syscall(SYS_gettid), __ATOMIC_RELEASE);
    while (!c->stop && !control_terminated) {
        demo_round(c, t, &gaps, &at, &x);
        t->rounds++;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    u32 threads = argc > 3 ? (u32)atoi(argv[3]) : 4;
    if (argc < 2 || threads < 1 || threads > CONTROL_THREADS_MAX) {
        fprintf(stderr, "usage: %s CONTROL-FILE|- [seconds] [threads]\n", argv[0]);
        return 64;
    }
    struct control *c = pool.control = control_open(argv[1], threads, 0);
    control_live(&life, c, argc > 2 ? strtoull(argv[2], NULL, 10) : 120);
    for (u32 i = 0; i < threads; i++) {
        struct phase_start *start = (struct phase_start *)malloc(sizeof *start);
        start->pool = &pool;
        start->index = i;
        errno = pthread_create(&pool.handles[i], NULL, demo_thread, start);
        if (errno)
            control_die("cannot start", "thread");
        while (!__atomic_load_n(&control_thread_at(c, i)->tid, __ATOMIC_ACQUIRE))
            sched_yield();
    }
    c->state = CONTROL_IN_PHASE;
    __atomic_store_n(&c->ready, 1, __ATOMIC_RELEASE);
    while (control_wait(&life)) {
    }
    control_terminated = 1;
    c->work = 0; /* whoever held the threads between two calls is gone, or wants them to end */
    for (u32 i = 0; i < threads; i++)
        pthread_join(pool.handles[i], NULL);
    c->state = CONTROL_ENDED;
    return control_wrong(c) ? 1 : 0;
}

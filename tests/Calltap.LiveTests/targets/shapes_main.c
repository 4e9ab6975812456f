/* Runs the generated shapes in threads, checks each round, counts.
 *
 *   shapes CONTROL-FILE|- run THREADS ROUNDS OUTPUT   runs, writes the counts and checksums, ends
 *   shapes CONTROL-FILE loop THREADS                  runs a phase of argument[0] rounds for each command 1
 *   shapes CONTROL-FILE storm THREADS                 runs until told to stop
 *
 * Each mode first runs SEEDS rounds to learn what each round gives; every later round is compared with the first of its seed. The
 * counts are of all calls since the start: a tester takes differences. Another process gives the same checksum for as many rounds.
 */
#include "control.h"
#include "shapes.h"
#include "shapes_table.h"

enum { SEEDS = 16, LIFE_SECONDS = 900 };
enum { PHASE_END = -1, PHASE_LEARN, PHASE_ROUNDS, PHASE_STORM };

__thread u64 *shape_counts;
__thread char shape_stack[65536];
u64 shape_memory[16];
int shape_has_avx;

static u64 learned[CONTROL_THREADS_MAX][SEEDS];
static __thread struct gap_meter gaps;

/* What a round gives depends on the thread's index and the round's seed only. */
static u64 shapes_round(u32 thread, u64 seed)
{
    u64 x = (thread + 1) * 0x2545f4914f6cdd1dull + seed * 0x9e3779b97f4a7c15ull, sum = 0;
    for (u32 i = 0; i < SHAPES_ROOTS; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        sum = mix(sum, shapes_roots[i](x ^ x >> 29));
        gap_check(&gaps);
    }
    return sum;
}

static void shapes_checked_round(struct control_thread *t, u32 thread, int learning)
{
    u64 seed = t->rounds % SEEDS, sum = shapes_round(thread, seed);
    if (learning)
        learned[thread][seed] = sum;
    else if (learned[thread][seed] != sum)
        t->wrong++;
    t->checksum = mix(t->checksum, sum);
    t->rounds++;
}

static void shapes_publish(struct control *c, struct control_thread *t, u32 thread)
{
    u64 calls = 0;
    for (u32 i = 0; i < SHAPES_FUNCTIONS; i++)
        calls += control_counts(c, thread)[i];
    t->calls = calls;
}

static void shapes_work(struct phase_pool *pool, u32 thread)
{
    struct control *c = pool->control;
    struct control_thread *t = control_thread_at(c, thread);
    u64 rounds = pool->kind == PHASE_ROUNDS ? c->argument[0] : pool->kind == PHASE_STORM ? UINT64_MAX : SEEDS;
    if (!shape_counts) {
        shape_counts = control_counts(c, thread);
        gap_start(&gaps, c, t);
    }
    gap_resume(&gaps);
    for (u64 i = 0; i < rounds && !c->stop && !control_terminated; i++) {
        shapes_checked_round(t, thread, pool->kind == PHASE_LEARN);
        if (pool->kind == PHASE_STORM)
            shapes_publish(c, t, thread);
    }
    shapes_publish(c, t, thread);
}

static void shapes_write(struct control *c, const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f)
        control_die("cannot write", path);
    for (u32 i = 0; i < c->threads; i++) {
        struct control_thread *t = control_thread_at(c, i);
        for (u32 n = 0; n < SHAPES_FUNCTIONS; n++)
            fprintf(f, "%llu\t%s\t%llu\n", (unsigned long long)t->tid, shapes_names[n], (unsigned long long)control_counts(c, i)[n]);
        fprintf(f, "%llu\tchecksum\t%llu\n", (unsigned long long)t->tid, (unsigned long long)t->checksum);
    }
    if (fclose(f))
        control_die("cannot write", path);
}

static void *shapes_storm(void *pool)
{
    phase_run((struct phase_pool *)pool, PHASE_STORM);
    return NULL;
}

static void shapes_serve(struct phase_pool *pool, struct control_life *life, int storm)
{
    pthread_t storming;
    if (storm) {
        errno = pthread_create(&storming, NULL, shapes_storm, pool);
        if (errno)
            control_die("cannot start", "thread");
    }
    __atomic_store_n(&pool->control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(life) == PHASE_ROUNDS && !storm) {
        phase_run(pool, PHASE_ROUNDS);
        control_answer(life);
    }
    if (storm) {
        control_terminated = 1;
        pthread_join(storming, NULL);
    }
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    const char *mode = argc > 3 ? argv[2] : "";
    u32 threads = argc > 3 ? (u32)atoi(argv[3]) : 0;
    int run = !strcmp(mode, "run") && argc == 6, storm = !strcmp(mode, "storm"), loop = !strcmp(mode, "loop");
    if (threads < 1 || threads > CONTROL_THREADS_MAX || run + storm + loop != 1) {
        fprintf(stderr, "usage: %s CONTROL-FILE|- run THREADS ROUNDS OUTPUT | loop THREADS | storm THREADS\n", argv[0]);
        return 64;
    }
    __builtin_cpu_init();
    shape_has_avx = __builtin_cpu_supports("avx");
    for (u64 i = 0; i < 16; i++)
        shape_memory[i] = mix(i, 0x5bd1e995);
    pool.control = control_open(argv[1], threads, SHAPES_FUNCTIONS);
    pool.work = shapes_work;
    control_live(&life, pool.control, LIFE_SECONDS);
    phase_start_threads(&pool);
    phase_run(&pool, PHASE_LEARN);
    if (run) {
        pool.control->argument[0] = strtoull(argv[4], NULL, 10);
        phase_run(&pool, PHASE_ROUNDS);
    } else {
        shapes_serve(&pool, &life, storm);
    }
    phase_run(&pool, PHASE_END);
    if (run)
        shapes_write(pool.control, argv[5]);
    return control_wrong(pool.control) ? 1 : 0;
}

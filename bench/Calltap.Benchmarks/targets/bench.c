/* The program whose functions the benchmarks trace. It times itself, by rdtsc around batches of calls, in phases on command:
 *
 *   bench CONTROL-FILE [THREADS]         serves commands; BenchTarget.cs has the numbers of commands and results
 *   bench - KIND [A [B]] [THREADS]       runs one command and prints its results
 *
 * Each command runs in all of THREADS threads where it says so, else in the first. Arguments and results:
 *   1 rdtsc   A batches                  two rdtsc in the loop that `leaf` is timed in
 *   2 leaf    A batches                  one hot leaf; beside each batch one of a twin with another name
 *   3 fib     A batches, B = n           calls of fib(n); beside each batch its twin
 *   4 cold    A rounds, B = share        all threads; each walks a random order of 1/share of all plain functions
 *   5 count8  A calls                    all threads call one function A times each
 *   6 busy    A milliseconds             as cold, for a time: what runs while 50,000 functions are armed
 *   7 rate    A milliseconds, B threads  the leaf, with `work` of the control page between two calls
 */
#include "control.h"
#include "plain.h"

enum { KIND_RDTSC = 1, KIND_LEAF, KIND_FIB, KIND_COLD, KIND_COUNT, KIND_BUSY, KIND_RATE };
enum { RESULT_MEDIAN, RESULT_TWIN_MEDIAN, RESULT_CALLS, RESULT_BATCHES, RESULT_MIN, RESULT_TWIN_MIN, RESULT_CPU };
enum { LEAF_CALLS = 1000, COLD_CALLS = 250, COUNT_CALLS = 1000, RATE_CALLS = 100, SAMPLES = 1 << 15, LIFE_SECONDS = 900 };

#ifdef __clang__
#define FN __attribute__((noinline))
#else
#define FN __attribute__((noipa))
#endif

/* Ticks per call, in thousandths. */
struct samples {
    u32 used;
    u32 value[SAMPLES];
};

static struct samples samples[CONTROL_THREADS_MAX], twin_samples;
static u32 *orders[CONTROL_THREADS_MAX];
static __thread struct gap_meter gaps;

/* The twin is the same code under a name that is not traced. */
#define LEAF(name) FN u64 name(u64 x) { return (x ^ x >> 7) + 0x9e3779b9u; }
LEAF(bench_leaf)
LEAF(twin_leaf)

#define FIB(name) FN u64 name(u64 n) { return n < 2 ? n : name(n - 1) + name(n - 2); }
FIB(bench_fib)
FIB(twin_fib)

FN u64 bench_shared(u64 x) { return x * 3 + 1; }

static void samples_add(struct samples *s, u64 ticks, u64 calls)
{
    if (s->used < SAMPLES)
        s->value[s->used++] = (u32)(ticks * 1000 / calls);
}

static int samples_order(const void *a, const void *b)
{
    u32 l = *(const u32 *)a, r = *(const u32 *)b;
    return l < r ? -1 : l > r;
}

static void samples_report(struct samples *s, u64 *median, u64 *least)
{
    qsort(s->value, s->used, sizeof *s->value, samples_order);
    *median = s->used ? s->value[s->used / 2] : 0;
    *least = s->used ? s->value[0] : 0;
}

static void bench_rdtsc(struct control *c)
{
    u64 sum = 0;
    for (u64 b = 0; b < c->argument[0]; b++) {
        u64 start = __rdtsc();
        for (u32 i = 0; i < LEAF_CALLS; i++)
            sum += __rdtsc() ^ __rdtsc();
        samples_add(&samples[0], __rdtsc() - start, LEAF_CALLS);
        gap_check(&gaps);
    }
    OPAQUE(sum);
}

static void leaf_batch(u64 (*f)(u64), struct samples *s, struct control_thread *t)
{
    u64 x = t->rounds, start = __rdtsc();
    for (u32 i = 0; i < LEAF_CALLS; i++)
        x = f(x);
    samples_add(s, __rdtsc() - start, LEAF_CALLS);
    t->checksum += x;
}

static void bench_leaf_phase(struct control *c, struct control_thread *t)
{
    for (u64 b = 0; b < c->argument[0]; b++, t->rounds++) {
        u64 before = t->checksum;
        leaf_batch(bench_leaf, &samples[0], t);
        u64 result = t->checksum - before;
        leaf_batch(twin_leaf, &twin_samples, t);
        t->wrong += t->checksum - before != 2 * result;
        t->calls += LEAF_CALLS;
        gap_check(&gaps);
    }
}

/* Calls of fib(n): 2 fib(n+1) - 1. */
static u64 fib_calls(u64 n)
{
    u64 a = 1, b = 1;
    for (u64 i = 1; i < n; i++) {
        u64 next = a + b;
        a = b;
        b = next;
    }
    return 2 * b - 1;
}

static void bench_fib_phase(struct control *c, struct control_thread *t)
{
    u64 calls = fib_calls(c->argument[1]);
    for (u64 b = 0; b < c->argument[0]; b++) {
        u64 start = __rdtsc(), result = bench_fib(c->argument[1]), middle = __rdtsc(), twin = twin_fib(c->argument[1]);
        samples_add(&samples[0], middle - start, calls);
        samples_add(&twin_samples, __rdtsc() - middle, calls);
        t->wrong += result != twin;
        t->calls += calls;
        gap_check(&gaps);
    }
}

/* A permutation of this thread's share, the same in every run. */
static u32 cold_order(u32 thread, u64 share)
{
    u32 n = 0, *order = orders[thread] ? orders[thread] : (orders[thread] = (u32 *)malloc(PLAIN_COUNT * sizeof(u32)));
    u64 random = thread + 1;
    for (u32 i = 0; i < PLAIN_COUNT; i++)
        if (i % share == thread % share)
            order[n++] = i;
    for (u32 i = n - 1; i > 0; i--) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        u32 j = (u32)((random >> 33) % (i + 1)), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    return n;
}

static void cold_batch(struct control_thread *t, const u32 *order, u32 calls, struct samples *s)
{
    u64 x = t->rounds + 1, wrong = 0, start = __rdtsc();
    for (u32 i = 0; i < calls; i++) {
        const struct plain_entry *e = &plain_table[order[i]];
        u64 result = e->function(x);
        wrong += result != e->factor * x + e->term;
        x ^= result;
    }
    samples_add(s, __rdtsc() - start, calls);
    t->wrong += wrong;
    t->calls += calls;
}

static void bench_cold(struct control *c, u32 thread, int timed)
{
    struct control_thread *t = control_thread_at(c, thread);
    u64 share = !timed && c->argument[1] ? c->argument[1] : timed ? c->threads : 1;
    /* What stops a thread is measured from call to call: a batch would add up what many of them met. */
    u32 n = cold_order(thread, share), calls = timed ? 1 : COLD_CALLS;
    u64 rounds = timed ? UINT64_MAX : c->argument[0], until = __rdtsc() + gap_ticks(&gaps, c->argument[0] * 1000000);
    gap_resume(&gaps);
    for (u64 r = 0; r < rounds && !c->stop; r++, t->rounds++) {
        for (u32 at = 0; at < n; at += calls) {
            cold_batch(t, orders[thread] + at, n - at < calls ? n - at : calls, &samples[thread]);
            gap_check(&gaps);
            if (timed && __rdtsc() > until)
                return;
        }
    }
}

static void bench_count(struct control *c, u32 thread)
{
    struct control_thread *t = control_thread_at(c, thread);
    for (u64 left = c->argument[0], x = thread; left > 0;) {
        u64 calls = left < COUNT_CALLS ? left : COUNT_CALLS, start = __rdtsc();
        for (u64 i = 0; i < calls; i++)
            x = bench_shared(x);
        samples_add(&samples[thread], __rdtsc() - start, calls);
        left -= calls;
        t->calls += calls;
        t->checksum += x;
        gap_check(&gaps);
    }
}

/* About 1 ns a step: two dependent operations of 1 and 3 cycles. */
static inline __attribute__((always_inline)) void rate_work(u64 steps)
{
    u64 x = steps;
    for (u64 i = 0; i < steps; i++)
        __asm__ volatile("imul $3, %0, %0" : "+r"(x));
}

static void bench_rate(struct control *c, u32 thread)
{
    struct control_thread *t = control_thread_at(c, thread);
    u64 work = c->work, start = __rdtsc(), until = start + gap_ticks(&gaps, c->argument[0] * 1000000), now = start, x = thread;
    while (now < until && !c->stop) {
        for (u32 i = 0; i < RATE_CALLS; i++) {
            x = bench_leaf(x);
            rate_work(work);
        }
        t->calls += RATE_CALLS;
        u64 end = __rdtsc();
        samples_add(&samples[thread], end - now, RATE_CALLS);
        now = end;
        gap_check(&gaps);
    }
    t->checksum += x;
}

static void bench_work(struct phase_pool *pool, u32 thread)
{
    struct control *c = pool->control;
    if (!gaps.control)
        gap_start(&gaps, c, control_thread_at(c, thread));
    gap_resume(&gaps);
    samples[thread].used = 0;
    if (pool->kind == KIND_COLD || pool->kind == KIND_BUSY)
        bench_cold(c, thread, pool->kind == KIND_BUSY);
    else if (pool->kind == KIND_COUNT)
        bench_count(c, thread);
    else if (pool->kind == KIND_RATE && thread < c->argument[1])
        bench_rate(c, thread);
    else if (thread == 0 && pool->kind == KIND_RDTSC)
        bench_rdtsc(c);
    else if (thread == 0 && pool->kind == KIND_LEAF)
        bench_leaf_phase(c, control_thread_at(c, 0));
    else if (thread == 0 && pool->kind == KIND_FIB)
        bench_fib_phase(c, control_thread_at(c, 0));
}

/* The median of each thread's batches; of several threads their mean. */
static void bench_report(struct control *c, u64 calls_before)
{
    u64 median = 0, least = UINT64_MAX, batches = 0, active = 0, cpu = 0, calls = 0;
    for (u32 i = 0; i < c->threads; i++) {
        u64 m, l;
        struct control_thread *t = control_thread_at(c, i);
        calls += t->calls;
        if (!samples[i].used)
            continue;
        samples_report(&samples[i], &m, &l);
        median += m;
        least = l < least ? l : least;
        batches += samples[i].used;
        cpu += t->cpu_ns;
        active++;
    }
    c->results[RESULT_MEDIAN] = active ? median / active : 0;
    c->results[RESULT_MIN] = active ? least : 0;
    c->results[RESULT_BATCHES] = batches;
    c->results[RESULT_CALLS] = calls - calls_before;
    c->results[RESULT_CPU] = cpu;
    samples_report(&twin_samples, &c->results[RESULT_TWIN_MEDIAN], &c->results[RESULT_TWIN_MIN]);
}

static void bench_run(struct phase_pool *pool, int kind)
{
    u64 calls = 0;
    for (u32 i = 0; i < pool->control->threads; i++)
        calls += control_thread_at(pool->control, i)->calls;
    twin_samples.used = 0;
    phase_run(pool, kind);
    bench_report(pool->control, calls);
}

static int bench_by_hand(struct phase_pool *pool, int argc, char **argv)
{
    static const char *const names[] = {"", "rdtsc", "leaf", "fib", "cold", "count8", "busy", "rate"};
    struct control *c = pool->control;
    int kind = 0;
    for (int i = 1; i <= KIND_RATE; i++)
        if (!strcmp(argv[2], names[i]))
            kind = i;
    if (!kind)
        return 64;
    c->argument[0] = argc > 3 ? strtoull(argv[3], NULL, 10) : 20;
    c->argument[1] = argc > 4 ? strtoull(argv[4], NULL, 10) : kind == KIND_FIB ? 20 : 1;
    bench_run(pool, kind);
    u64 *r = c->results, longest = 0;
    for (u32 i = 0; i < c->threads; i++)
        if (control_thread_at(c, i)->gap_ns > longest)
            longest = control_thread_at(c, i)->gap_ns;
    double ns = 1e6 / (double)c->tsc_hz;
    printf("%s: median %.2f ns/call (least %.2f), twin %.2f, %llu calls in %llu batches, CPU %.2f ns/call, longest stall %.1f us, wrong %llu, TSC %.1f MHz\n",
        argv[2], (double)r[RESULT_MEDIAN] * ns, (double)r[RESULT_MIN] * ns, (double)r[RESULT_TWIN_MEDIAN] * ns,
        (unsigned long long)r[RESULT_CALLS], (unsigned long long)r[RESULT_BATCHES],
        r[RESULT_CALLS] ? (double)r[RESULT_CPU] / (double)r[RESULT_CALLS] : 0.0, (double)longest / 1e3,
        (unsigned long long)control_wrong(c), (double)c->tsc_hz / 1e6);
    return control_wrong(c) ? 1 : 0;
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    int by_hand = argc > 1 && !strcmp(argv[1], "-"), code, kind;
    const char *count = by_hand ? (argc > 5 ? argv[5] : "4") : argc > 2 ? argv[2] : "4";
    u32 threads = (u32)atoi(count);
    if (argc < 2 + by_hand || threads < 1 || threads > CONTROL_THREADS_MAX) {
        fprintf(stderr, "usage: %s CONTROL-FILE [THREADS] | - rdtsc|leaf|fib|cold|count8|busy|rate [A [B [THREADS]]]\n", argv[0]);
        return 64;
    }
    struct control *c = pool.control = control_open(argv[1], threads, 0);
    pool.work = bench_work;
    control_live(&life, c, LIFE_SECONDS);
    phase_start_threads(&pool);
    c->state = CONTROL_WAITING;
    __atomic_store_n(&c->ready, 1, __ATOMIC_RELEASE);
    if (by_hand) {
        code = bench_by_hand(&pool, argc, argv);
    } else {
        while ((kind = control_next(&life)) >= 0) {
            bench_run(&pool, kind);
            control_answer(&life);
        }
        code = control_wrong(c) ? 1 : 0;
    }
    phase_run(&pool, -1);
    return code;
}

/* Much of one thing: many CONTROL-FILE THREADS; commands:
 *   1  a recursion argument[0] deep on a stack of its own; results[0]: bytes of that stack that were ever written
 *   2  argument[0] calls of many_leaf in each thread
 *   3  argument[0] threads that wait, 4 lets them call and end; 5 as many that begin, call and end, some at a time
 * The first row of counts: of each thread of 3 and 5 its id and the number of its calls.
 */
#include "control.h"

#pragma GCC optimize("no-optimize-sibling-calls")

enum { CROWD_MAX = 2048, WAVE = 50, DEEP_STACK = 64 << 20, SMALL_STACK = 64 << 10 };

u64 many_leaf(u64 x);
u64 many_deep(u64 n);

__attribute__((noipa)) u64 many_leaf(u64 x)
{
    return x * 9 + 4;
}

__attribute__((noipa)) u64 many_deep(u64 n)
{
    volatile u64 kept = n;
    if (!n)
        return 1;
    u64 r = many_deep(n - 1);
    return r + kept;
}

static struct control *control;
static pthread_barrier_t begin;
static pthread_t crowd[CROWD_MAX];
static u64 crowd_size;

static void *deep(void *argument)
{
    u64 n = *(u64 *)argument;
    if (many_deep(n) != n * (n + 1) / 2 + 1)
        control_thread_at(control, 0)->wrong++;
    return NULL;
}

static void start(pthread_t *thread, void *stack, size_t size, void *(*body)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    errno = stack ? pthread_attr_setstack(&attributes, stack, size) : pthread_attr_setstacksize(&attributes, size);
    if (errno || (errno = pthread_create(thread, &attributes, body, argument)))
        control_die("cannot start", "thread");
    pthread_attr_destroy(&attributes);
}

/* The stack is new, so what is not zero was written. */
static u64 recurse(u64 n)
{
    pthread_t thread;
    u64 *stack = (u64 *)mmap(NULL, DEEP_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), lowest = 0;
    if (stack == MAP_FAILED)
        control_die("cannot map", "stack");
    start(&thread, stack, DEEP_STACK, deep, &n);
    pthread_join(thread, NULL);
    while (!stack[lowest])
        lowest++;
    munmap(stack, DEEP_STACK);
    return DEEP_STACK - lowest * sizeof(u64);
}

static void call_some(u64 index)
{
    u64 *row = (u64 *)control_counts(control, 0);
    row[2 * index] = (u64)syscall(SYS_gettid);
    for (u64 i = 0; i < 10 + index % 91; i++) {
        row[2 * index + 1]++;
        if (many_leaf(i) != i * 9 + 4)
            __atomic_fetch_add(&control_thread_at(control, 0)->wrong, 1, __ATOMIC_RELAXED);
    }
}

static void *wait_and_call(void *argument)
{
    pthread_barrier_wait(&begin);
    call_some((u64)argument);
    return NULL;
}

static void *call_at_once(void *argument)
{
    call_some((u64)argument);
    return NULL;
}

static void clear(u64 n)
{
    if (n > CROWD_MAX)
        control_die("cannot start", "so many threads");
    crowd_size = n;
    memset((void *)control_counts(control, 0), 0, 2 * CROWD_MAX * sizeof(u64));
}

static void gather(u64 n)
{
    clear(n);
    pthread_barrier_init(&begin, NULL, (unsigned)n + 1);
    for (u64 i = 0; i < n; i++)
        start(&crowd[i], NULL, SMALL_STACK, wait_and_call, (void *)i);
}

static void scatter(void)
{
    pthread_barrier_wait(&begin);
    for (u64 i = 0; i < crowd_size; i++)
        pthread_join(crowd[i], NULL);
    pthread_barrier_destroy(&begin);
}

static void pass_by(u64 n)
{
    clear(n);
    for (u64 first = 0; first < n; first += WAVE) {
        u64 end = first + WAVE < n ? first + WAVE : n;
        for (u64 i = first; i < end; i++)
            start(&crowd[i], NULL, SMALL_STACK, call_at_once, (void *)i);
        for (u64 i = first; i < end; i++)
            pthread_join(crowd[i], NULL);
    }
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    u64 wrong = 0, n = pool->control->argument[0];
    for (u64 i = 0; i < n && !pool->control->stop; i++)
        wrong += many_leaf(i) != i * 9 + 4;
    t->calls += n;
    t->wrong += wrong;
}

static void run(struct phase_pool *pool, int kind)
{
    u64 n = control->argument[0];
    switch (kind) {
    case 1: control->results[0] = recurse(n); break;
    case 2: phase_run(pool, kind); break;
    case 3: gather(n); break;
    case 4: scatter(); break;
    case 5: pass_by(n); break;
    }
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    int kind;
    if (argc != 3)
        return 64;
    pool.control = control = control_open(argv[1], (u32)atoi(argv[2]), 2 * CROWD_MAX);
    pool.work = work;
    control_live(&life, control, 900);
    phase_start_threads(&pool);
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        run(&pool, kind);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(control) ? 1 : 0;
}

/* harm CONTROL-FILE THREADS; command N: rounds of scene N in each thread, argument[0] of them, or, with argument[1], until the trail is full. */
#include "control.h"
#include "harm.h"

__thread u64 *trail_row;
__thread u32 trail_depth;
__thread u32 trail_tid;
static u64 failures;

NOIPA u64 trail_enter(void)
{
    u64 *row = trail_row, at;
    if (!row)
        return 0;
    if (!trail_tid)
        trail_tid = (u32)syscall(SYS_gettid);
    at = __atomic_fetch_add(&row[0], 2, __ATOMIC_RELAXED);
    if (at + 2 > TRAIL_WORDS) {
        row[1] = 1;
        return 0;
    }
    row[at] = (u64)trail_tid << 32 | (u64)trail_depth++ << 1;
    row[at + 1] = (u64)__builtin_return_address(0);
    return at;
}

NOIPA void trail_leave(u64 at)
{
    u64 *row = trail_row, end;
    if (!row || !at)
        return;
    end = __atomic_fetch_add(&row[0], 2, __ATOMIC_RELAXED);
    if (end + 2 > TRAIL_WORDS) {
        row[1] = 1;
        return;
    }
    row[end] = row[at] | 1;
    row[end + 1] = row[at + 1];
    trail_depth = (u32)row[at] >> 1;
}

NOIPA void trail_back(u64 at)
{
    if (trail_row && at)
        trail_depth = ((u32)trail_row[at] >> 1) + 1;
}

NOIPA void harm_fail(const char *file, int line)
{
    fprintf(stderr, "%s:%d\n", file, line);
    __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
}

_Noreturn void harm_die(const char *what, const char *name)
{
    control_die(what, name);
}

/* Away from the caller's stack by 1, 2 or 3 GiB and some TiB: an event tells 32 bits of the stack pointer, and by those it is another stack. */
void *harm_far_stack(size_t size)
{
    static u64 made;
    u64 n = __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED), here = (u64)__builtin_frame_address(0) & ~0xffffull;
    void *place = (void *)(here - (n << 40) - ((1 + n % 3) << 30));
    void *stack = mmap(place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack != place)
        control_die("cannot map", "a stack far away");
    return stack;
}

static u64 (*const scenes[])(u64) = {
    NULL, way_throw_round, way_leap_round, way_switch_round, way_signal_round, way_timer_round, way_thread_round, silent_cancel_round, way_frame_round,
};

static u64 *row_of(struct control *control, u32 thread)
{
    return (u64 *)control_counts(control, thread);
}

/* Naps between rounds where a trail is kept: that many calls are over before a window has opened. */
static void work(struct phase_pool *pool, u32 thread)
{
    struct control *c = pool->control;
    struct control_thread *t = control_thread_at(c, thread);
    u64 *row = row_of(c, thread);
    int with_trail = c->argument[1] != 0;
    u64 sum = 0;
    row[0] = 2;
    row[1] = 0;
    trail_row = with_trail ? row : NULL;
    trail_depth = 0;
    for (u64 i = 0; i < c->argument[0] && !c->stop && row[0] + TRAIL_MARGIN < TRAIL_WORDS; i++) {
        sum = sum * 31 + scenes[pool->kind](i % 97 + thread);
        t->rounds++;
        if (with_trail)
            usleep(500);
    }
    trail_row = NULL;
    t->checksum = sum;
    t->wrong = __atomic_load_n(&failures, __ATOMIC_RELAXED);
}

/* ---- the end: destructors and exit handlers, in the trail of the first thread, which has left ---- */

static struct control *ending;

void way_end_atexit(void);
NOIPA void way_end_atexit(void)
{
    trail_row = row_of(ending, 0);
    ENTER();
    LEAVE();
}

void way_end_destructor(void);
NOIPA __attribute__((destructor)) void way_end_destructor(void)
{
    ENTER();
    LEAVE();
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    int kind;
    if (argc != 3)
        return 64;
    pool.control = ending = control_open(argv[1], (u32)atoi(argv[2]), TRAIL_WORDS);
    pool.work = work;
    control_live(&life, pool.control, 900);
    phase_start_threads(&pool);
    atexit(way_end_atexit);
    __atomic_store_n(&pool.control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        phase_run(&pool, kind);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    row_of(pool.control, 0)[0] = 2;
    return failures ? 1 : 0;
}

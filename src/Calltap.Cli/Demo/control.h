/* The page through which a traced program and whoever tests it talk: a file mapped shared in both.
 *
 * C1  One writer per word. "tester" words are written by the tester only, all others by the program only.
 * C2  A command is `kind` and the arguments first, then `command` + 1 (release). The program answers by setting
 *     `command_done` to that number (release) when everything it says about the command is in place.
 * C3  Each thread writes its own control_thread only, with plain stores; a reader may see a value that is a little old.
 * C4  The counts are a matrix u64[threads][functions] at `counts_offset`; thread t writes row t only.
 *
 * ControlFile.cs reads the same layout; the offsets asserted below are the ones it uses.
 */
#ifndef CALLTAP_CONTROL_H
#define CALLTAP_CONTROL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define CONTROL_MAGIC 0x31304c5443544143ull /* "CATCTL01" in memory order */

enum {
    CONTROL_THREADS_AT = 1024,
    CONTROL_COUNTS_AT = 16384,
    CONTROL_THREADS_MAX = 64,
    CONTROL_RESULTS = 32,
};

enum control_state { CONTROL_STARTING, CONTROL_WAITING, CONTROL_IN_PHASE, CONTROL_ENDED };

struct control_thread {
    u64 tid;          /* as the kernel names it, in the program's pid namespace */
    u64 calls;        /* calls made to functions that are meant to be traced */
    u64 rounds;       /* whole rounds */
    u64 checksum;     /* over every result so far */
    u64 wrong;        /* results that were not the expected ones */
    u64 gap_ns;       /* longest gap between two checks since the reset, run delay taken off */
    u64 gap_raw_ns;   /* longest gap as it was */
    u64 gap_sum_ns;   /* sum of the gaps of GAP_NOTED_NS and more, run delay taken off */
    u64 gap_count;    /* how many those were */
    u64 gap_epoch;    /* the reset that the gap words belong to */
    u64 gap_tsc;      /* TSC at the end of the longest gap */
    u64 cpu_ns;       /* CPU time used in the last phase */
    u64 resting;      /* 1: between two calls, at its untraced work */
    u64 reserved[3];
};

struct control {
    u64 magic;
    u32 version;
    u32 pid;
    u32 ready;         /* 1: every thread runs, or waits for its first phase */
    u32 state;         /* enum control_state */
    u32 threads;
    u32 functions;     /* columns of the count matrix, 0: none */
    u32 command;       /* tester: number of the last command given */
    u32 command_done;  /* number of the last command finished */
    u32 kind;          /* tester: what to do; the numbers are the program's own */
    u32 stop;          /* tester: 1: end, exit code 0 when no result was wrong */
    u64 argument[2];   /* tester */
    u64 work;          /* tester: units of about 1 ns of untraced work between two calls */
    u64 gap_epoch;     /* tester: a new number starts the gap measurement afresh */
    u64 tsc_hz;
    u64 phases;        /* phases finished */
    u64 counts_offset;
    u64 size;          /* bytes of the file in use */
    u64 reserved[2];
    u64 results[CONTROL_RESULTS]; /* of the last command */
};

#define CONTROL_AT(type, field, offset) _Static_assert(offsetof(struct type, field) == (offset), #field)
CONTROL_AT(control, pid, 12);
CONTROL_AT(control, command, 32);
CONTROL_AT(control, argument, 48);
CONTROL_AT(control, work, 64);
CONTROL_AT(control, gap_epoch, 72);
CONTROL_AT(control, tsc_hz, 80);
CONTROL_AT(control, counts_offset, 96);
CONTROL_AT(control, results, 128);
CONTROL_AT(control_thread, gap_ns, 40);
CONTROL_AT(control_thread, cpu_ns, 88);
CONTROL_AT(control_thread, resting, 96);
_Static_assert(sizeof(struct control_thread) == 128, "two cache lines: the adjacent-line prefetcher shares pairs");
_Static_assert(sizeof(struct control) <= CONTROL_THREADS_AT, "threads start behind the header");
_Static_assert(CONTROL_THREADS_AT + CONTROL_THREADS_MAX * 128 <= CONTROL_COUNTS_AT, "counts start behind the threads");

static inline struct control_thread *control_thread_at(struct control *c, u32 index)
{
    return (struct control_thread *)((char *)c + CONTROL_THREADS_AT) + index;
}

static inline u64 *control_counts(struct control *c, u32 thread)
{
    return (u64 *)((char *)c + CONTROL_COUNTS_AT) + (u64)thread * c->functions;
}

static inline _Noreturn void control_die(const char *what, const char *name)
{
    fprintf(stderr, "%s %s: %s\n", what, name, strerror(errno));
    exit(2);
}

static inline u64 control_clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (u64)t.tv_sec * 1000000000ull + (u64)t.tv_nsec;
}

/* TSC ticks per second against CLOCK_MONOTONIC_RAW, over 50 ms: good to about 1e-5. */
static inline u64 control_tsc_hz(void)
{
    struct timespec nap = {0, 50000000};
    u64 ns = control_clock_ns(CLOCK_MONOTONIC_RAW), tsc = __rdtsc();
    nanosleep(&nap, NULL);
    u64 tsc_end = __rdtsc(), ns_end = control_clock_ns(CLOCK_MONOTONIC_RAW);
    return (u64)((double)(tsc_end - tsc) * 1e9 / (double)(ns_end - ns));
}

/* Opens or makes the file; a path of "-" is memory of our own, for runs by hand. */
static inline struct control *control_open(const char *path, u32 threads, u32 functions)
{
    size_t size = CONTROL_COUNTS_AT + (size_t)threads * functions * sizeof(u64);
    int fd = strcmp(path, "-") ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : memfd_create("control", MFD_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st))
        control_die("cannot open", path);
    if ((size_t)st.st_size < size && ftruncate(fd, (off_t)size))
        control_die("cannot enlarge", path);
    struct control *c = (struct control *)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (c == MAP_FAILED)
        control_die("cannot map", path);
    close(fd);
    c->version = 1;
    c->pid = (u32)getpid();
    c->threads = threads;
    c->functions = functions;
    c->counts_offset = CONTROL_COUNTS_AT;
    c->size = size;
    c->tsc_hz = control_tsc_hz();
    __atomic_store_n(&c->magic, CONTROL_MAGIC, __ATOMIC_RELEASE);
    return c;
}

/* ---- the gap meter: how long a thread was kept from its work ---- */

enum { GAP_NOTED_NS = 30000, GAP_REFRESH_NS = 1000000 };

struct gap_meter {
    struct control *control;
    struct control_thread *out;
    u64 last;        /* TSC of the last check */
    u64 noted;       /* ticks from which a gap is looked at */
    u64 refresh_at;  /* TSC when the run delay is to be read again */
    u64 delay_ns;    /* run delay at the last reading */
    u64 gap_epoch;   /* the program's copy of control->gap_epoch */
    int schedstat;
};

/* Second field of /proc/thread-self/schedstat: time spent runnable but not running, in ns. 0 where the kernel has none. */
static inline u64 gap_run_delay(struct gap_meter *m)
{
    char text[96], *rest;
    ssize_t n = pread(m->schedstat, text, sizeof text - 1, 0);
    if (n <= 0)
        return 0;
    text[n] = 0;
    strtoull(text, &rest, 10);
    return strtoull(rest, NULL, 10);
}

static inline u64 gap_ticks(struct gap_meter *m, u64 ns)
{
    return (u64)((double)ns * (double)m->control->tsc_hz / 1e9);
}

static inline u64 gap_ns(struct gap_meter *m, u64 ticks)
{
    return (u64)((double)ticks * 1e9 / (double)m->control->tsc_hz);
}

static inline void gap_resume(struct gap_meter *m)
{
    m->delay_ns = gap_run_delay(m);
    m->last = __rdtsc();
    m->refresh_at = m->last + gap_ticks(m, GAP_REFRESH_NS);
}

static inline void gap_start(struct gap_meter *m, struct control *c, struct control_thread *out)
{
    m->control = c;
    m->out = out;
    m->schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    m->noted = gap_ticks(m, GAP_NOTED_NS);
    m->gap_epoch = c->gap_epoch;
    gap_resume(m);
}

/* The run delay is read again every GAP_REFRESH_NS, so that what is taken off a long gap is at most that much too old. */
static __attribute__((noinline)) void gap_note(struct gap_meter *m, u64 now)
{
    struct control_thread *t = m->out;
    u64 ticks = now - m->last, before = m->delay_ns, epoch = m->control->gap_epoch;
    gap_resume(m);
    if (epoch != m->gap_epoch) {
        t->gap_ns = t->gap_raw_ns = t->gap_sum_ns = t->gap_count = t->gap_tsc = 0;
        m->gap_epoch = epoch;
        __atomic_store_n(&t->gap_epoch, epoch, __ATOMIC_RELEASE);
        return;
    }
    if ((int64_t)ticks < (int64_t)m->noted)
        return;
    u64 raw = gap_ns(m, ticks), delay = m->delay_ns - before, net = raw > delay ? raw - delay : 0;
    if (raw > t->gap_raw_ns)
        t->gap_raw_ns = raw;
    if (net < GAP_NOTED_NS)
        return;
    t->gap_count++;
    t->gap_sum_ns += net;
    if (net > t->gap_ns) {
        t->gap_ns = net;
        t->gap_tsc = now;
    }
}

/* To be called at least every few microseconds; costs one rdtsc. */
static inline __attribute__((always_inline)) void gap_check(struct gap_meter *m)
{
    u64 now = __rdtsc();
    if (__builtin_expect(now - m->last > m->noted || now > m->refresh_at || m->control->gap_epoch != m->gap_epoch, 0))
        gap_note(m, now);
    else
        m->last = now;
}

/* ---- life and commands: for the main thread ---- */

static volatile sig_atomic_t control_terminated;

static void control_on_term(int signal)
{
    (void)signal;
    control_terminated = 1;
}

struct control_life {
    struct control *control;
    pid_t parent;
    u64 deadline_ns;
    u32 last_command;
};

static struct control_life *control_own_life;

/* Why not PR_SET_PDEATHSIG: it fires when the *thread* that spawned us ends, and a .NET pool thread may at any time. */
static inline void control_live(struct control_life *life, struct control *c, u64 seconds)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = control_on_term;
    sigaction(SIGTERM, &act, NULL);
    life->control = c;
    life->parent = getppid();
    life->deadline_ns = control_clock_ns(CLOCK_MONOTONIC) + seconds * 1000000000ull;
    life->last_command = c->command_done;
    control_own_life = life;
}

/* Whether nobody wants this program any more. */
static inline int control_is_abandoned(const struct control_life *life)
{
    return control_terminated || getppid() != life->parent || control_clock_ns(CLOCK_MONOTONIC) >= life->deadline_ns;
}

/* Waits a millisecond; false when it is time to end. */
static inline int control_wait(struct control_life *life)
{
    struct timespec nap = {0, 1000000};
    nanosleep(&nap, NULL);
    return !life->control->stop && !control_is_abandoned(life);
}

/* The next command's kind, or -1 when it is time to end. Pairs with ControlFile.Post. */
static inline int control_next(struct control_life *life)
{
    for (;;) {
        u32 number = __atomic_load_n(&life->control->command, __ATOMIC_ACQUIRE);
        if (number != life->last_command) {
            life->last_command = number;
            return (int)life->control->kind;
        }
        if (!control_wait(life))
            return -1;
    }
}

/* Pairs with ControlFile.IsDone. */
static inline void control_answer(struct control_life *life)
{
    __atomic_store_n(&life->control->command_done, life->last_command, __ATOMIC_RELEASE);
}

/* ---- phases: all threads start together, the main thread waits until all are through ---- */

struct phase_pool {
    struct control *control;
    pthread_barrier_t begin;
    sem_t end; /* posted by the last of the running threads */
    u32 running;
    int kind;
    void (*work)(struct phase_pool *, u32 thread);
    pthread_t handles[CONTROL_THREADS_MAX];
};

struct phase_start {
    struct phase_pool *pool;
    u32 index;
};

static void *phase_thread(void *argument)
{
    struct phase_start start = *(struct phase_start *)argument;
    struct control_thread *t = control_thread_at(start.pool->control, start.index);
    free(argument);
    __atomic_store_n(&t->tid, (u64)syscall(SYS_gettid), __ATOMIC_RELEASE);
    for (;;) {
        pthread_barrier_wait(&start.pool->begin);
        if (start.pool->kind < 0)
            return NULL;
        u64 cpu = control_clock_ns(CLOCK_THREAD_CPUTIME_ID);
        start.pool->work(start.pool, start.index);
        t->cpu_ns = control_clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
        if (!__atomic_sub_fetch(&start.pool->running, 1, __ATOMIC_ACQ_REL))
            sem_post(&start.pool->end);
    }
}

static inline void phase_start_threads(struct phase_pool *pool)
{
    u32 threads = pool->control->threads;
    pthread_barrier_init(&pool->begin, NULL, threads + 1);
    sem_init(&pool->end, 0, 0);
    for (u32 i = 0; i < threads; i++) {
        struct phase_start *start = (struct phase_start *)malloc(sizeof *start);
        start->pool = pool;
        start->index = i;
        errno = pthread_create(&pool->handles[i], NULL, phase_thread, start);
        if (errno)
            control_die("cannot start", "thread");
        while (!__atomic_load_n(&control_thread_at(pool->control, i)->tid, __ATOMIC_ACQUIRE))
            sched_yield();
    }
}

/* A phase that nobody waits for any more has a few seconds to see it, then ends with the program. */
static inline void phase_await(struct phase_pool *pool)
{
    struct timespec until;
    for (int seconds = 0; seconds < 5; seconds += control_is_abandoned(control_own_life)) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        if (!sem_timedwait(&pool->end, &until))
            return;
    }
    _exit(EXIT_FAILURE);
}

static inline void phase_run(struct phase_pool *pool, int kind)
{
    pool->kind = kind;
    pool->running = pool->control->threads;
    pool->control->state = kind < 0 ? CONTROL_ENDED : CONTROL_IN_PHASE;
    pthread_barrier_wait(&pool->begin);
    if (kind < 0) {
        for (u32 i = 0; i < pool->control->threads; i++)
            pthread_join(pool->handles[i], NULL);
        return;
    }
    phase_await(pool);
    pool->control->phases++;
    pool->control->state = CONTROL_WAITING;
}

static inline u64 control_wrong(struct control *c)
{
    u64 wrong = 0;
    for (u32 i = 0; i < c->threads; i++)
        wrong += control_thread_at(c, i)->wrong;
    return wrong;
}

#endif

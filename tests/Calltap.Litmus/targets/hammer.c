/* Threads that call a few functions without a pause and check every result: hammer CONTROL-FILE THREADS KIND.
 *
 * KIND is a letter: s: functions whose region is one instruction, its operand the function's own number; c: the same with the head of
 * the region the last byte of a page, or of a cache line; i: functions in whose region, of several instructions, a thread
 * spends most of its time; h: those, and a timer interrupts each thread there for as long as a window takes; k: as s, all on
 * one CPU, and there one more thread that goes before them: while `work` is not 0, for so many milliseconds at most, it
 * keeps them from running, wherever they are. results[0]: it does.
 * Each function returns its argument plus a number of its own: a call that goes to the wrong place, or that is done
 * with half of an instruction, has a wrong result, if it returns. calls: per thread, in control_thread.
 */
#include "control.h"

#include <sched.h>
#include <sys/resource.h>

enum { SINGLE = 8, CROSSING = 2, INSIDE = 8, TURNS = 16 };

typedef u32 function(u32 argument);

/* One instruction of five bytes, whose operand is the number. */
#define ONE(name, number)                                                                                  \
    ".globl " name "\n.type " name ", @function\n" name ":\n"                                              \
    "  movl $" number ", %eax\n  addl %edi, %eax\n  ret\n.size " name ", .-" name "\n"

/* pause: some tens of cycles on an instruction of two bytes, so that a thread is where the third byte begins, or the fifth. */
#define SEVERAL(name, number)                                                                              \
    ".globl " name "\n.type " name ", @function\n" name ":\n"                                              \
    "  pause\n  pause\n  pause\n  leal " number "(%rdi), %eax\n  ret\n.size " name ", .-" name "\n"

__asm__(".text\n.p2align 12\n"
        ".p2align 5\n" ONE("single_0", "0x01010100") ".p2align 5\n" ONE("single_1", "0x02020201")
        ".p2align 5\n" ONE("single_2", "0x03030302") ".p2align 5\n" ONE("single_3", "0x04040403")
        ".p2align 5\n" ONE("single_4", "0x05050504") ".p2align 5\n" ONE("single_5", "0x06060605")
        ".p2align 5\n" ONE("single_6", "0x07070706") ".p2align 5\n" ONE("single_7", "0x08080807")
        ".p2align 12\n.skip 2048 - 1, 0xcc\n" ONE("crossing_0", "0x11111110")
        ".p2align 12\n.skip 4096 - 1, 0xcc\n" ONE("crossing_1", "0x12121211")
        ".p2align 12\n"
        ".p2align 5\n" SEVERAL("inside_0", "0x21212120") ".p2align 5\n" SEVERAL("inside_1", "0x22222221")
        ".p2align 5\n" SEVERAL("inside_2", "0x23232322") ".p2align 5\n" SEVERAL("inside_3", "0x24242423")
        ".p2align 5\n" SEVERAL("inside_4", "0x25252524") ".p2align 5\n" SEVERAL("inside_5", "0x26262625")
        ".p2align 5\n" SEVERAL("inside_6", "0x27272726") ".p2align 5\n" SEVERAL("inside_7", "0x28282827")
        ".p2align 12\n");

#define NAMES(prefix)                                                                                      \
    extern function prefix##_0, prefix##_1, prefix##_2, prefix##_3, prefix##_4, prefix##_5, prefix##_6, prefix##_7
NAMES(single);
NAMES(inside);
extern function crossing_0, crossing_1;

struct callee {
    function *call;
    u32 number;
};

static struct callee singles[SINGLE] = {
    {single_0, 0x01010100}, {single_1, 0x02020201}, {single_2, 0x03030302}, {single_3, 0x04040403},
    {single_4, 0x05050504}, {single_5, 0x06060605}, {single_6, 0x07070706}, {single_7, 0x08080807}};
static struct callee crossings[CROSSING] = {{crossing_0, 0x11111110}, {crossing_1, 0x12121211}};
static struct callee insides[INSIDE] = {
    {inside_0, 0x21212120}, {inside_1, 0x22222221}, {inside_2, 0x23232322}, {inside_3, 0x24242423},
    {inside_4, 0x25252524}, {inside_5, 0x26262625}, {inside_6, 0x27272726}, {inside_7, 0x28282827}};

static struct control *control;
static char kind;

struct hammer {
    u32 index;
    const struct callee *callees;
    u32 count;
};

static void interrupted(int signal)
{
    (void)signal;
    for (volatile u32 i = 0; i < 10000000; i++) /* about 20 ms of CPU time, however long the thread waits for a CPU */
        ;
}

/* Every 25 ms of its own CPU time: mostly the handler runs. */
static void start_timer(void)
{
    struct sigevent event;
    struct itimerspec every = {{0, 25000000}, {0, 25000000}};
    timer_t timer;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGUSR1;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) || timer_settime(timer, 0, &every, NULL))
        control_die("cannot start", "timer");
}

static cpu_set_t last_cpu, other_cpus;

/* CPUs that this process may use: the last of them, and the others. */
static void divide_cpus(void)
{
    int last = -1;
    sched_getaffinity(0, sizeof other_cpus, &other_cpus);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &other_cpus))
            last = i;
    CPU_SET(last, &last_cpu);
    CPU_CLR(last, &other_cpus);
}

static void *keeper(void *argument)
{
    struct sched_param first = {.sched_priority = 1};
    struct timespec nap = {0, 100000};
    (void)argument;
    sched_setaffinity(0, sizeof last_cpu, &last_cpu);
    if (sched_setscheduler(0, SCHED_FIFO, &first))
        control_die("cannot go before", "others");
    while (!control->stop) {
        u64 ms = __atomic_load_n(&control->work, __ATOMIC_RELAXED), until = __rdtsc() + ms * (control->tsc_hz / 1000);
        if (ms)
            __atomic_store_n(&control->results[0], 1, __ATOMIC_RELEASE);
        while (__rdtsc() < until && __atomic_load_n(&control->work, __ATOMIC_RELAXED))
            ;
        __atomic_store_n(&control->results[0], 0, __ATOMIC_RELEASE);
        while (ms && __atomic_load_n(&control->work, __ATOMIC_RELAXED) == ms)
            nanosleep(&nap, NULL);
        nanosleep(&nap, NULL);
    }
    return NULL;
}

/* Runs where nobody is kept from running, so that a tracer finds a thread to borrow at once. */
static void *lender(void *argument)
{
    (void)argument;
    sched_setaffinity(0, sizeof other_cpus, &other_cpus);
    while (!__atomic_load_n(&control->stop, __ATOMIC_RELAXED))
        ;
    return NULL;
}

static void *hammer(void *argument)
{
    const struct hammer *h = (const struct hammer *)argument;
    struct control_thread *out = control_thread_at(control, h->index);
    u32 at = h->index;
    out->tid = (u64)syscall(SYS_gettid);
    if (kind == 'h')
        start_timer();
    if (kind == 'k')
        sched_setaffinity(0, sizeof last_cpu, &last_cpu);
    while (!__atomic_load_n(&control->stop, __ATOMIC_RELAXED)) {
        const struct callee *callee = &h->callees[at++ % h->count];
        u64 wrong = 0;
        for (u32 i = 0; i < TURNS; i++)
            wrong += callee->call(i) != callee->number + i;
        out->wrong += wrong;
        out->calls += TURNS;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct hammer hammers[CONTROL_THREADS_MAX];
    pthread_t threads[CONTROL_THREADS_MAX];
    struct control_life life;
    struct rlimit none = {0, 0};
    struct sigaction act;
    if (argc != 4)
        return 64;
    setrlimit(RLIMIT_CORE, &none); /* it is meant to crash */
    control = control_open(argv[1], (u32)atoi(argv[2]), 0);
    kind = argv[3][0];
    memset(&act, 0, sizeof act);
    if (kind == 'h') {
        act.sa_handler = interrupted;
        sigaction(SIGUSR1, &act, NULL);
    }
    divide_cpus();
    control_live(&life, control, 900);
    act.sa_handler = SIG_DFL;
    if (kind != 'h')
        sigaction(SIGTERM, &act, NULL); /* no signal is caught: stacks need no look */
    pthread_t keeping, lending;
    if (kind == 'k') {
        errno = pthread_create(&lending, NULL, lender, NULL); /* first: the first that is found is borrowed */
        if (errno)
            control_die("cannot start", "thread");
    }
    for (u32 i = 0; i < control->threads; i++) {
        struct hammer *h = &hammers[i];
        h->index = i;
        h->callees = kind == 's' || kind == 'k' ? singles : kind == 'c' ? crossings : insides;
        h->count = kind == 's' || kind == 'k' ? SINGLE : kind == 'c' ? CROSSING : INSIDE;
        errno = pthread_create(&threads[i], NULL, hammer, h);
        if (errno)
            control_die("cannot start", "thread");
    }
    if (kind == 'k') {
        errno = pthread_create(&keeping, NULL, keeper, NULL);
        if (errno)
            control_die("cannot start", "thread");
        sched_setaffinity(0, sizeof other_cpus, &other_cpus); /* and so does the thread that is started from this one */
    }
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while (control_wait(&life))
        ;
    control->stop = 1;
    for (u32 i = 0; i < control->threads; i++)
        pthread_join(threads[i], NULL);
    if (kind == 'k') {
        pthread_join(keeping, NULL);
        pthread_join(lending, NULL);
    }
    return control_wrong(control) ? 1 : 0;
}

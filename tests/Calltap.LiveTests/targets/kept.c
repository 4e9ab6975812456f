/* Threads that call all the time, in a process that changes what it may do: kept CONTROL-FILE THREADS. Commands:
 *   1  drops its privileges, which makes it non-dumpable. results: 0 PR_GET_DUMPABLE, 1 why it can't open its own memory file.
 *   2  changes its root to an empty folder, where there is no /proc. results as above.
 *   3  says results as above.
 *   4  from now on thread 0 blocks SIGTRAP and calls every two milliseconds only; while `work` is not 0 it rests.
 */
#include "control.h"
#include <sys/prctl.h>

#define KEPT(n) \
    u64 kept_##n(u64 x); \
    __attribute__((noipa)) u64 kept_##n(u64 x) { return x % 2 ? x * n + 1 : x + n; } \
    static int right_##n(u64 x) { return kept_##n(x) == (x % 2 ? x * n + 1 : x + n); }
KEPT(3) KEPT(5) KEPT(7) KEPT(9) KEPT(11) KEPT(13) KEPT(15) KEPT(17)

static u32 blocking;

static int call_all(u64 x)
{
    return right_3(x) && right_5(x) && right_7(x) && right_9(x) && right_11(x) && right_13(x) && right_15(x) && right_17(x);
}

/* A signal mask of its own, and calls far apart. */
static void call_blocked(struct control *c, struct control_thread *t, u64 x)
{
    sigset_t trap;
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    pthread_sigmask(SIG_BLOCK, &trap, NULL);
    while (c->work && !c->stop) {
        __atomic_store_n(&t->resting, 1, __ATOMIC_RELEASE);
        usleep(500);
    }
    __atomic_store_n(&t->resting, 0, __ATOMIC_RELEASE);
    t->wrong += kept_3(x) != (x % 2 ? x * 3 + 1 : x + 3);
    usleep(2000);
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    for (u64 i = 0; !pool->control->stop && !control_terminated; i++) {
        if (thread == 0 && __atomic_load_n(&blocking, __ATOMIC_ACQUIRE))
            call_blocked(pool->control, t, i);
        else
            t->wrong += !call_all(i);
        t->rounds++;
    }
}

static void say(struct control *c)
{
    int fd = open("/proc/thread-self/mem", O_RDWR | O_CLOEXEC);
    c->results[0] = (u64)prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    c->results[1] = fd < 0 ? (u64)errno : 0;
    if (fd >= 0)
        close(fd);
}

static void drop_privileges(void)
{
    if (setgid(65534) || setuid(65534) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        control_die("cannot drop", "privileges");
}

static void leave_root(void)
{
    char folder[] = "/tmp/calltap-root-XXXXXX";
    if (!mkdtemp(folder) || chroot(folder) || chdir("/"))
        control_die("cannot change root to", folder);
    /* the folder is removed by the tester: its name is in the log */
    fprintf(stderr, "%s\n", folder);
}

static void *run_all(void *pool)
{
    phase_run((struct phase_pool *)pool, 1);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    pthread_t running;
    int kind;
    if (argc != 3)
        return 64;
    struct control *c = pool.control = control_open(argv[1], (u32)atoi(argv[2]), 0);
    pool.work = work;
    control_live(&life, c, 1800);
    phase_start_threads(&pool);
    pthread_create(&running, NULL, run_all, &pool);
    __atomic_store_n(&c->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        if (kind == 1)
            drop_privileges();
        else if (kind == 2)
            leave_root();
        else if (kind == 4)
            __atomic_store_n(&blocking, 1, __ATOMIC_RELEASE);
        say(c);
        control_answer(&life);
    }
    pthread_join(running, NULL);
    phase_run(&pool, -1);
    return control_wrong(c) ? 1 : 0;
}

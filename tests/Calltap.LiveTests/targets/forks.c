/* Threads that fork, vfork and spawn while others call: forks CONTROL-FILE THREADS.
 *
 * Thread 0 forks: each child calls the traced functions a thousand times, checks the results and exits with 0.
 * Thread 1 spawns programs (posix_spawn and system); thread 2 uses vfork; thread 3 runs programs by fork and exec and by popen, and makes
 * daemons, which say by a pipe how they did; the others call. results: 0 forks, 1 spawns, 2 vforks, 3 children that ended otherwise than
 * with 0, 4 programs executed, 5 read from, 6 daemons. counts: one column, calls of this process's threads.
 */
#include "control.h"
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

u64 forked_leaf(u64 x);
u64 forked_root(u64 x);

__attribute__((noipa)) u64 forked_leaf(u64 x)
{
    return x * 7 + 3;
}

__attribute__((noipa)) u64 forked_root(u64 x)
{
    u64 sum = 0;
    for (u64 i = 0; i < 10; i++)
        sum += forked_leaf(x + i);
    return sum;
}

static int call_it(u64 x)
{
    return forked_root(x) != 10 * (7 * x + 3) + 7 * 45;
}

static struct control *control;

static void reap(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (status) {
        control->results[3]++;
        fprintf(stderr, "child %d: status %#x\n", (int)child, status);
    }
}

static void fork_one(void)
{
    pid_t child = fork();
    if (child < 0)
        control_die("cannot", "fork");
    if (!child) {
        int wrong = 0;
        for (u64 i = 0; i < 1000; i++)
            wrong += call_it(i);
        _exit(wrong ? 1 : 0);
    }
    control->results[0]++;
    reap(child);
}

static void spawn_one(void)
{
    static char *arguments[] = {"true", NULL};
    pid_t child;
    if (control->results[1] % 8 == 7) {
        if (system("exit 0"))
            control->results[3]++;
    } else if (posix_spawnp(&child, "true", NULL, NULL, arguments, environ)) {
        control_die("cannot", "spawn");
    } else {
        reap(child);
    }
    control->results[1]++;
}

static void exec_one(void)
{
    pid_t child = fork();
    if (child < 0)
        control_die("cannot", "fork");
    if (!child) {
        if (!call_it(3))
            execlp("true", "true", NULL);
        _exit(1);
    }
    reap(child);
    control->results[4]++;
}

static void read_one(void)
{
    char line[16] = "";
    FILE *from = popen("echo 42", "re");
    if (!from)
        control_die("cannot", "popen");
    int wrong = !fgets(line, sizeof line, from) || atoi(line) != 42;
    if (pclose(from) || wrong) {
        control->results[3]++;
        fprintf(stderr, "popen: '%s'\n", line);
    }
    control->results[5]++;
}

/* fork, then what daemon() does: fork, setsid; its parent ends at once. */
static void daemon_one(void)
{
    char byte = 0;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        control_die("cannot make", "pipe");
    pid_t child = fork();
    if (child < 0)
        control_die("cannot", "fork");
    if (!child) {
        int wrong = daemon(1, 1);
        for (u64 i = 0; i < 300; i++)
            wrong |= call_it(i);
        wrong |= getsid(0) == getsid(getppid());
        _exit(write(ends[1], wrong ? "n" : "y", 1) != 1);
    }
    reap(child);
    close(ends[1]);
    if (read(ends[0], &byte, 1) != 1 || byte != 'y') {
        control->results[3]++;
        fprintf(stderr, "daemon: %d\n", byte);
    }
    close(ends[0]);
    control->results[6]++;
}

static void run_one(u64 round)
{
    if (round % 3 == 0)
        exec_one();
    else if (round % 3 == 1)
        read_one();
    else
        daemon_one();
}

static void vfork_one(void)
{
    pid_t child = vfork();
    if (!child)
        _exit((int)(forked_leaf(1) - 10)); /* shares memory and the thread's ring: its call counts as the parent's */
    control->results[2]++;
    reap(child);
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    u64 *count = control_counts(pool->control, thread);
    for (u64 i = 0; !pool->control->stop; i++) {
        t->wrong += (u64)call_it(i);
        *count += 11;
        t->rounds++;
        if (thread == 0)
            fork_one();
        else if (thread == 1)
            spawn_one();
        else if (thread == 2) {
            vfork_one();
            *count += 1;
        }
        else if (thread == 3)
            run_one(i);
        else
            usleep(20);
    }
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
    if (argc != 3)
        return 64;
    control = pool.control = control_open(argv[1], (u32)atoi(argv[2]), 1);
    pool.work = work;
    control_live(&life, control, 900);
    phase_start_threads(&pool);
    pthread_create(&running, NULL, run_all, &pool);
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(&life) > 0) {}
    pthread_join(running, NULL);
    phase_run(&pool, -1);
    return control_wrong(control) || control->results[3] ? 1 : 0;
}

/* A tree of processes: tree TALLY-FILE ROUNDS [wait|quiet|stopped] is the root; tree TALLY-FILE leaf N and tree TALLY-FILE chain N are what it executes.
 *
 * Every process counts its calls of tree_leaf and tree_root and adds them to the tally, a shared file, before it ends or executes something else. The root's
 * threads fork (and their children fork again), spawn, vfork, execute, open pipes, make daemons and threads, each ROUNDS times, while the first waits in
 * epoll_wait, which nothing may interrupt: no signal is caught. With "wait" there is a child first, which calls all the time, and the rounds begin when told; with
 * "quiet" nobody sends signals, with "stopped" the tester stops and continues it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef uint64_t u64;

struct tally {
    u64 leafs, roots;    /* calls */
    u64 programs;        /* images that ran calls: processes, and once more for each exec of this program */
    u64 wrong;           /* results, exit codes */
    u64 go, stop, ready; /* tester: begin; the first child is to end; both are there */
    u64 done;
    u64 interrupted;     /* waits */
};

extern char **environ;

u64 tree_leaf(u64 x);
u64 tree_root(u64 x);

static struct tally *tally;
static char **arguments;
static u64 leafs, roots;
static int running; /* threads of the root */
static int stopped; /* SIGSTOP and SIGCONT come: epoll_wait ends with EINTR then (signal(7)) */

__attribute__((noipa)) u64 tree_leaf(u64 x)
{
    return x * 7 + 3;
}

__attribute__((noipa)) u64 tree_root(u64 x)
{
    u64 sum = 0;
    for (u64 i = 0; i < 10; i++)
        sum += tree_leaf(x + i);
    return sum;
}

static void add(u64 *to, u64 n)
{
    __atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

static void call_it(u64 n)
{
    for (u64 x = 0; x < n; x++)
        if (tree_root(x) != 10 * (7 * x + 3) + 7 * 45)
            add(&tally->wrong, 1);
    add(&roots, n);
    add(&leafs, 10 * n);
}

static void settle(void)
{
    add(&tally->leafs, __atomic_exchange_n(&leafs, 0, __ATOMIC_RELAXED));
    add(&tally->roots, __atomic_exchange_n(&roots, 0, __ATOMIC_RELAXED));
}

static void check_at(int right, int line)
{
    if (right)
        return;
    fprintf(stderr, "line %d: errno %d\n", line, errno);
    add(&tally->wrong, 1);
}

#define check(right) check_at((right), __LINE__)

static void reap(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        check(0);
    check(status == 0);
}

/* In a child: other threads' counts are not its own. */
static void begin(void)
{
    leafs = roots = 0;
    add(&tally->programs, 1);
}

static _Noreturn void finish(void)
{
    settle();
    _exit(0);
}

static pid_t start(void)
{
    pid_t child = fork();
    check(child >= 0);
    if (!child)
        begin();
    return child;
}

static void fork_one(void)
{
    pid_t child = start();
    if (!child) {
        call_it(100);
        pid_t grandchild = start();
        if (!grandchild) {
            call_it(30);
            finish();
        }
        reap(grandchild);
        call_it(10);
        finish();
    }
    reap(child);
}

static void spawn_one(void)
{
    char *leaf[] = {arguments[0], arguments[1], "leaf", "20", NULL};
    pid_t child;
    check(posix_spawn(&child, arguments[0], NULL, NULL, leaf, environ) == 0);
    reap(child);
    child = vfork();
    if (!child) {
        execv(arguments[0], leaf);
        _exit(1);
    }
    reap(child);
}

static void execute(const char *what, const char *n)
{
    execl(arguments[0], arguments[0], arguments[1], what, n, NULL);
    _exit(1);
}

static char left[16];

static void *go_on(void *unused)
{
    execute("chain", left);
    return unused;
}

/* Every other time by a thread, which then becomes the process. */
static void chain(int n)
{
    pthread_t thread;
    call_it(5);
    if (n == 0)
        return;
    snprintf(left, sizeof left, "%d", n - 1);
    settle();
    if (n % 2) {
        pthread_create(&thread, NULL, go_on, NULL);
        pause();
    }
    go_on(NULL);
}

static void exec_one(void)
{
    pid_t child = start();
    if (!child) {
        call_it(7);
        settle();
        execute("chain", "3");
    }
    reap(child);
}

static void shell_one(void)
{
    char line[512];
    snprintf(line, sizeof line, "%s %s leaf 5 && echo 42", arguments[0], arguments[1]);
    FILE *from = popen(line, "re");
    check(from && fgets(line, sizeof line, from) && atoi(line) == 42);
    check(pclose(from) == 0);
}

static void daemon_one(void)
{
    char byte = 0;
    int ends[2];
    check(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = start();
    if (!child) {
        if (!start()) { /* its parent ends at once */
            setsid();
            call_it(50);
            settle();
            _exit(write(ends[1], "y", 1) != 1);
        }
        call_it(1);
        finish();
    }
    reap(child);
    close(ends[1]);
    check(read(ends[0], &byte, 1) == 1 && byte == 'y');
    close(ends[0]);
}

static void *calls(void *unused)
{
    call_it(40);
    return unused;
}

static void thread_one(void)
{
    pthread_t thread;
    check(pthread_create(&thread, NULL, calls, NULL) == 0);
    pthread_join(thread, NULL);
}

/* A signal that is ignored, to the process: it wakes nobody, unless somebody traces. */
static void signal_one(void)
{
    pid_t child = start();
    if (!child) {
        for (int i = 0; i < 3; i++) {
            kill(getppid(), SIGWINCH);
            usleep(500);
        }
        call_it(2);
        finish();
    }
    reap(child);
}

/* By the main thread, which signals to the process go to. */
static void wait_all(void)
{
    struct epoll_event event;
    int poll = epoll_create1(EPOLL_CLOEXEC);
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
        if (epoll_wait(poll, &event, 1, 5) < 0 && !stopped)
            add(&tally->interrupted, 1);
    close(poll);
}

static void (*const works[])(void) = {fork_one, spawn_one, exec_one, shell_one, daemon_one, thread_one, signal_one};
enum { ALL_WORKS = sizeof works / sizeof *works };
static int rounds, count = ALL_WORKS;

static void *work(void *which)
{
    for (int i = 0; i < rounds; i++) {
        call_it(3);
        works[(intptr_t)which]();
    }
    __atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void run(void)
{
    pthread_t threads[ALL_WORKS];
    running = count;
    for (intptr_t i = 0; i < count; i++)
        check(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    wait_all();
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* A child that is there before anybody traces; its calls count from the beginning of the rounds on. */
static pid_t first_child(void)
{
    pid_t child = start();
    if (child)
        return child;
    while (!__atomic_load_n(&tally->stop, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&tally->go, __ATOMIC_ACQUIRE))
            call_it(1);
        usleep(200);
    }
    finish();
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    arguments = argv;
    int file = open(argv[1], O_RDWR | O_CLOEXEC);
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (tally == MAP_FAILED)
        return 65;
    close(file);
    begin();
    if (!strcmp(argv[2], "leaf")) {
        call_it((u64)atoi(argv[3]));
    } else if (!strcmp(argv[2], "chain")) {
        chain(atoi(argv[3]));
    } else {
        pid_t child = 0;
        sigset_t ends;
        sigemptyset(&ends);
        sigaddset(&ends, SIGCHLD); /* fork blocks it for a moment, and what is blocked is not ignored: it would go to the first thread */
        pthread_sigmask(SIG_BLOCK, &ends, NULL);
        rounds = atoi(argv[2]);
        if (argc > 3) {
            count -= !strcmp(argv[3], "quiet");
            stopped = !strcmp(argv[3], "stopped");
            child = first_child();
            __atomic_store_n(&tally->ready, 1, __ATOMIC_RELEASE);
            while (!__atomic_load_n(&tally->go, __ATOMIC_ACQUIRE))
                usleep(1000);
        }
        run();
        __atomic_store_n(&tally->done, 1, __ATOMIC_RELEASE);
        __atomic_store_n(&tally->stop, 1, __ATOMIC_RELEASE);
        if (child)
            reap(child);
    }
    settle();
    return 0;
}

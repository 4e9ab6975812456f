/* A shell with one job, whose stops and continuations it waits for as shells do: jobs CONTROL-FILE THREADS.
 * The job is a child with THREADS threads that call; results 0: its pid. Command 1 makes argument[0] rounds of stopping and continuing it,
 * by SIGSTOP (argument[1] = 0) or by ^Z on the terminal (1). results: 1 rounds, 2 faults: a stop or continuation that was not reported, one
 * that was reported and never happened, or a job that runs while it is stopped or does not while it is not.
 * rounds of each thread: the job's calls.
 */
#include "control.h"
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

enum { SETTLE_MS = 12, PATIENCE_MS = 30000 };

u64 job_leaf(u64 x);
u64 job_root(u64 x);

__attribute__((noipa)) u64 job_leaf(u64 x)
{
    return x * 19 + 8;
}

__attribute__((noipa)) u64 job_root(u64 x)
{
    return job_leaf(x) + job_leaf(x + 1);
}

static struct control *control;
static pid_t job;
static int terminal, keyboard;

static void nap(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR) {}
}

/* ---- the job ---- */

static _Noreturn void *call_it(void *argument)
{
    struct control_thread *t = (struct control_thread *)argument;
    t->tid = (u64)syscall(SYS_gettid);
    for (u64 i = 0;; i++) {
        t->wrong += job_root(i) != 38 * i + 35;
        t->rounds++;
        if (i % 256 == 0 && (t - control_thread_at(control, 0)) % 2)
            usleep(50);
    }
}

static _Noreturn void be_job(void)
{
    pthread_t one;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (u32 i = 0; i < control->threads; i++)
        if (pthread_create(&one, NULL, call_it, control_thread_at(control, i)))
            _exit(2);
    for (;;)
        pause();
}

/* ---- the shell ---- */

static void fault(const char *what, int value)
{
    control->results[2]++;
    if (control->results[2] < 20)
        fprintf(stderr, "round %d: %s: %#x\n", (int)control->results[1], what, value);
}

static u64 calls(void)
{
    u64 sum = 0;
    for (u32 i = 0; i < control->threads; i++)
        sum += ((volatile struct control_thread *)control_thread_at(control, i))->rounds;
    return sum;
}

/* The next thing that happens to the job, or 0. */
static int await_change(int ms)
{
    int status;
    for (int i = 0; i <= ms; i++, nap(1)) {
        pid_t one = waitpid(job, &status, WUNTRACED | WCONTINUED | WNOHANG);
        if (one == job)
            return status;
    }
    return 0;
}

static void check_stopped(int expected)
{
    int status = await_change(PATIENCE_MS);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != expected)
        fault("a stop was not reported", status);
    u64 before = calls();
    if ((status = await_change(SETTLE_MS)))
        fault("reported while it is stopped", status);
    if (calls() != before)
        fault("runs while it is stopped", (int)(calls() - before));
}

static void check_continued(void)
{
    int status = await_change(PATIENCE_MS), waited = 0;
    if (!WIFCONTINUED(status))
        fault("a continuation was not reported", status);
    u64 before = calls();
    while (calls() == before && waited++ < PATIENCE_MS)
        nap(1);
    if (calls() == before)
        fault("does not run", 0);
    if ((status = await_change((int)(control->results[1] * 7 % 60))))
        fault("reported while it runs", status);
}

static void one_round(int by_key)
{
    static const char ctrl_z = 0x1a;
    if (!by_key)
        kill(job, SIGSTOP);
    else if (write(keyboard, &ctrl_z, 1) != 1)
        fault("cannot press a key", errno);
    check_stopped(by_key ? SIGTSTP : SIGSTOP);
    if (by_key) { /* fg */
        tcsetpgrp(terminal, getpgrp());
        tcsetpgrp(terminal, job);
    }
    kill(by_key ? -job : job, SIGCONT);
    check_continued();
    control->results[1]++;
}

static void open_terminal(void)
{
    setsid();
    keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (keyboard < 0 || grantpt(keyboard) || unlockpt(keyboard))
        control_die("cannot open", "terminal");
    terminal = open(ptsname(keyboard), O_RDWR | O_CLOEXEC);
    if (terminal < 0 || (ioctl(terminal, TIOCSCTTY, 0) && errno != EPERM))
        control_die("cannot open", "terminal");
    signal(SIGTTOU, SIG_IGN);
}

int main(int argc, char **argv)
{
    struct control_life life;
    if (argc != 3)
        return 64;
    control = control_open(argv[1], (u32)atoi(argv[2]), 0);
    control_live(&life, control, 900);
    open_terminal();
    job = fork();
    if (!job) {
        signal(SIGTTOU, SIG_DFL);
        be_job();
    }
    setpgid(job, job);
    tcsetpgrp(terminal, job);
    control->results[0] = (u64)job;
    while (!calls())
        nap(1);
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(&life) == 1) {
        u64 last = control->results[1] + control->argument[0];
        while (control->results[1] < last && !control->results[2] && !control->stop && !control_is_abandoned(&life))
            one_round((int)control->argument[1]);
        control_answer(&life);
    }
    kill(job, SIGKILL);
    waitpid(job, NULL, 0);
    return control_wrong(control) || control->results[2] ? 1 : 0;
}

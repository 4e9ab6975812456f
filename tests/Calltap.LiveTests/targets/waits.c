/* Threads that wait in system calls, one in each kind, and abort the program when a call ends as it never should: with an EINTR
 * that no handler of the program caused, too early, or cut short: waits CONTROL-FILE THREADS.
 * Threads beyond the roles below spin. Command 1 sends argument[0] times each of some signals that it ignores: natively no call notices.
 * rounds: waits that ended right. results: 0 writes cut short, which are only counted. WaitingTests.cs has the roles by number.
 */
#include "control.h"
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { WAIT_MS = 3, SOCKET_MS = 30, WHOLE_WRITE = 150000 };
enum { TIMED_OUT, FED };

u64 wait_leaf(u64 x);
__attribute__((noipa)) u64 wait_leaf(u64 x)
{
    return x * 11 + 2;
}

struct role {
    const char *name;
    void (*run)(struct control_thread *, const char *name);
};

static struct control *control;
static pid_t process;
static int fed_event, fed_pipe[2], fed_sockets[2], fed_queue, fed_semaphore, bulk[2];
static volatile u32 fed_futex;

static _Noreturn void wrong_end(const char *name, const char *how, long value)
{
    fprintf(stderr, "%s: %s (result %ld, errno %d)\n", name, how, value, errno);
    abort();
}

/* Some time in user code first, so that an interruption may come just before the call, or find the thread on its way into it. */
static void prepare(struct control_thread *t)
{
    u64 calls = 20 + t->rounds * 7919 % 4000;
    for (u64 i = 0; i < calls; i++)
        t->wrong += wait_leaf(i) != i * 11 + 2;
    errno = 0;
}

/* A call with a relative or absolute limit: its one right end is that limit. */
#define TIMED(call, result, error) TIMED_BY(WAIT_MS - 1, call, result, error)

/* Limits of sockets are in clock ticks, 10 ms at worst. */
#define ON_SOCKET(call) TIMED_BY(SOCKET_MS - 20, call, -1, EAGAIN)

#define TIMED_BY(least_ms, call, result, error)                                                          \
    do {                                                                                    \
        prepare(t);                                                                         \
        u64 start = control_clock_ns(CLOCK_MONOTONIC);                                      \
        long value = (long)(call);                                                          \
        u64 took = control_clock_ns(CLOCK_MONOTONIC) - start;                               \
        if (value != (result) || (value < 0 && errno != (error)))                           \
            wrong_end(name, "ended otherwise than by its limit", value);                    \
        if (took < (least_ms) * 1000000ull)                                                 \
            wrong_end(name, "ended early, after so many ns", (long)took);                   \
        t->rounds++;                                                                        \
    } while (0)

/* A call without a limit, which the feeder ends. */
#define AWAITED(call, result)                                                               \
    do {                                                                                    \
        prepare(t);                                                                         \
        long value = (long)(call);                                                          \
        if (control->stop)                                                                  \
            return;                                                                         \
        if (value != (result))                                                              \
            wrong_end(name, "was cut short", value);                                        \
        t->rounds++;                                                                        \
    } while (0)

#define ROLE(name_) static void name_(struct control_thread *t, const char *name)
#define UNTIL_STOP while (!control->stop)

static struct timespec limit(void) { return (struct timespec){0, WAIT_MS * 1000000}; }

static int socket_with_limit(int option)
{
    int pair[2];
    struct timeval until = {0, SOCKET_MS * 1000};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || setsockopt(pair[0], SOL_SOCKET, option, &until, sizeof until))
        control_die("cannot make", "sockets");
    return pair[0];
}

static int listener(struct sockaddr_un *at, int backlog)
{
    static int made;
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval until = {0, SOCKET_MS * 1000};
    at->sun_family = AF_UNIX;
    snprintf(at->sun_path + 1, sizeof at->sun_path - 1, "calltap-waits-%d-%d", (int)process, __atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST));
    if (bind(s, (struct sockaddr *)at, sizeof *at) || listen(s, backlog) || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &until, sizeof until))
        control_die("cannot make", "listener");
    return s;
}

ROLE(epoll_timed)
{
    int ep = epoll_create1(0);
    struct epoll_event got;
    UNTIL_STOP TIMED(epoll_wait(ep, &got, 1, WAIT_MS), 0, 0);
}

ROLE(epoll_fed)
{
    int ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN}, got;
    u64 n;
    epoll_ctl(ep, EPOLL_CTL_ADD, fed_event, &e);
    UNTIL_STOP {
        AWAITED(epoll_wait(ep, &got, 1, -1), 1);
        AWAITED(read(fed_event, &n, 8), 8);
    }
}

ROLE(sleeps)
{
    struct timespec time = limit();
    UNTIL_STOP TIMED(nanosleep(&time, NULL), 0, 0);
}

ROLE(sleeps_until)
{
    struct timespec until;
    UNTIL_STOP {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (WAIT_MS + 5) * 1000000; /* prepare() takes its time of it */
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        prepare(t);
        int value = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        if (value || control_clock_ns(CLOCK_MONOTONIC) < (u64)until.tv_sec * 1000000000 + (u64)until.tv_nsec)
            wrong_end(name, "ended early", value);
        t->rounds++;
    }
}

ROLE(poll_timed)
{
    UNTIL_STOP TIMED(poll(NULL, 0, WAIT_MS), 0, 0);
}

ROLE(poll_fed)
{
    struct pollfd p = {.fd = fed_pipe[0], .events = POLLIN};
    char byte;
    UNTIL_STOP {
        AWAITED(poll(&p, 1, -1), 1);
        AWAITED(read(fed_pipe[0], &byte, 1), 1);
    }
}

ROLE(ppoll_timed)
{
    struct timespec time = limit();
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    UNTIL_STOP TIMED(ppoll(NULL, 0, &time, &own), 0, 0);
}

ROLE(select_timed)
{
    UNTIL_STOP {
        struct timeval time = {0, WAIT_MS * 1000};
        TIMED(select(0, NULL, NULL, NULL, &time), 0, 0);
    }
}

ROLE(futex_timed)
{
    struct timespec time = limit();
    u32 word = 0;
    UNTIL_STOP TIMED(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0), -1, ETIMEDOUT);
}

ROLE(futex_fed)
{
    UNTIL_STOP {
        u32 seen = fed_futex;
        prepare(t);
        long value = syscall(SYS_futex, &fed_futex, FUTEX_WAIT, seen, NULL, NULL, 0);
        if (value && errno != EAGAIN)
            wrong_end(name, "was cut short", value);
        t->rounds++;
    }
}

ROLE(condition_timed)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct timespec until;
    pthread_mutex_lock(&mutex);
    UNTIL_STOP {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (WAIT_MS + 5) * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        prepare(t);
        int value = pthread_cond_timedwait(&condition, &mutex, &until);
        if (value != ETIMEDOUT)
            wrong_end(name, "ended early", value);
        t->rounds++;
    }
}

ROLE(msgrcv_fed)
{
    struct { long type; char text[8]; } message;
    UNTIL_STOP AWAITED(msgrcv(fed_queue, &message, sizeof message.text, 0, 0), 8);
}

ROLE(read_socket_fed)
{
    char byte;
    UNTIL_STOP AWAITED(read(fed_sockets[0], &byte, 1), 1);
}

ROLE(aio_timed)
{
    aio_context_t context = 0;
    struct io_event event;
    struct timespec time = limit();
    if (syscall(SYS_io_setup, 4, &context))
        control_die("cannot", "io_setup");
    UNTIL_STOP TIMED(syscall(SYS_io_getevents, context, 1, 1, &event, &time), 0, 0);
}

ROLE(semaphore_timed)
{
    int set = semget(IPC_PRIVATE, 1, 0600);
    struct sembuf down = {0, -1, 0};
    struct timespec time = limit();
    semctl(set, 0, SETVAL, 0);
    UNTIL_STOP TIMED(semtimedop(set, &down, 1, &time), -1, EAGAIN);
    semctl(set, 0, IPC_RMID);
}

ROLE(semaphore_fed)
{
    struct sembuf down = {0, -1, 0};
    UNTIL_STOP AWAITED(semop(fed_semaphore, &down, 1), 0);
}

ROLE(signal_timed)
{
    struct timespec time = limit();
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGRTMIN + 5);
    UNTIL_STOP TIMED(sigtimedwait(&one, NULL, &time), -1, EAGAIN);
}

ROLE(signal_fed)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGRTMIN + 4);
    UNTIL_STOP AWAITED(sigwaitinfo(&one, NULL), SIGRTMIN + 4);
}

ROLE(accept_timed)
{
    struct sockaddr_un at = {0};
    int s = listener(&at, 4);
    UNTIL_STOP ON_SOCKET(accept(s, NULL, NULL));
}

ROLE(recv_timed)
{
    int s = socket_with_limit(SO_RCVTIMEO);
    char byte;
    UNTIL_STOP ON_SOCKET(recv(s, &byte, 1, 0));
}

ROLE(recvmsg_timed)
{
    int s = socket_with_limit(SO_RCVTIMEO);
    char byte;
    struct iovec to = {&byte, 1};
    struct msghdr message = {.msg_iov = &to, .msg_iovlen = 1};
    UNTIL_STOP ON_SOCKET(recvmsg(s, &message, 0));
}

ROLE(send_timed)
{
    int s = socket_with_limit(SO_SNDTIMEO);
    static char bytes[4096];
    while (send(s, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {}
    UNTIL_STOP ON_SOCKET(send(s, bytes, sizeof bytes, 0));
}

ROLE(connect_timed)
{
    struct sockaddr_un at = {0};
    struct timeval until = {0, SOCKET_MS * 1000};
    listener(&at, 0);
    int first = socket(AF_UNIX, SOCK_STREAM, 0), s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(first, (struct sockaddr *)&at, sizeof at) || setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &until, sizeof until))
        control_die("cannot", "connect");
    UNTIL_STOP ON_SOCKET(connect(s, (struct sockaddr *)&at, sizeof at));
}

ROLE(writes)
{
    static char bytes[WHOLE_WRITE];
    UNTIL_STOP {
        prepare(t);
        long value = write(bulk[1], bytes, sizeof bytes);
        if (value <= 0)
            wrong_end(name, "failed", value);
        control->results[0] += value < WHOLE_WRITE; /* docs/limits.md */
        t->rounds++;
    }
}

ROLE(drains)
{
    static char bytes[4096];
    UNTIL_STOP {
        if (read(bulk[0], bytes, sizeof bytes) <= 0)
            wrong_end(name, "was cut short", -1);
        t->rounds++;
    }
}

/* One call that a handler of the program's own ends, each time: to hide that EINTR would make it wait for ever. */
static __thread volatile u64 alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

ROLE(alarmed)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerspec once = {{0, 0}, {0, WAIT_MS * 1000000}};
    int ep = epoll_create1(0);
    struct epoll_event got;
    sigset_t blocked, open;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    sigaction(SIGRTMIN + 1, &act, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN + 1);
    pthread_sigmask(SIG_BLOCK, &blocked, &open);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer))
        control_die("cannot make", "timer");
    UNTIL_STOP {
        u64 before = alarms;
        prepare(t);
        timer_settime(timer, 0, &once, NULL);
        long value = epoll_pwait(ep, &got, 1, -1, &open);
        if (value != -1 || errno != EINTR || alarms != before + 1)
            wrong_end(name, "its own signal must end the call", value);
        t->rounds++;
    }
}

/* Ends the waits without a limit. */
ROLE(feeds)
{
    struct { long type; char text[8]; } message = {1, ""};
    struct sembuf up = {0, 1, 0};
    struct timespec nap = {0, 1000000};
    u64 one = 1;
    (void)name;
    for (; !control->stop; t->rounds++) {
        nanosleep(&nap, NULL);
        if (t->rounds % 4)
            continue;
        u64 pending = 0;
        fed_futex++;
        syscall(SYS_futex, &fed_futex, FUTEX_WAKE, 1, NULL, NULL, 0);
        sigqueue(process, SIGRTMIN + 4, (union sigval){0});
        if (semctl(fed_semaphore, 0, GETVAL) == 0)
            semop(fed_semaphore, &up, 1);
        msgsnd(fed_queue, &message, sizeof message.text, IPC_NOWAIT);
        if (write(fed_event, &one, 8) != 8 || send(fed_sockets[1], &pending, 1, MSG_DONTWAIT) < 0 || write(fed_pipe[1], &pending, 1) < 0)
            errno = 0; /* full: enough is there */
    }
}

ROLE(spins)
{
    (void)name;
    UNTIL_STOP {
        prepare(t);
        t->rounds++;
    }
}

static const struct role roles[] = {
    {"feeder", feeds}, {"epoll_wait", epoll_timed}, {"epoll_wait -1", epoll_fed}, {"nanosleep", sleeps}, {"clock_nanosleep", sleeps_until},
    {"poll", poll_timed}, {"poll -1", poll_fed}, {"ppoll", ppoll_timed}, {"select", select_timed}, {"futex", futex_timed},
    {"futex without limit", futex_fed}, {"condition", condition_timed}, {"msgrcv", msgrcv_fed}, {"read", read_socket_fed},
    {"io_getevents", aio_timed}, {"semtimedop", semaphore_timed}, {"semop", semaphore_fed}, {"sigtimedwait", signal_timed},
    {"sigwaitinfo", signal_fed}, {"accept", accept_timed}, {"recv", recv_timed}, {"recvmsg", recvmsg_timed}, {"send", send_timed},
    {"connect", connect_timed}, {"epoll_pwait", alarmed}, {"write", writes}, {"reader", drains},
};
enum { ROLES = sizeof roles / sizeof *roles };

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    if (thread < ROLES)
        roles[thread].run(t, roles[thread].name);
    else
        spins(t, "spinner");
}

static void send_ignored(void)
{
    static const int ignored[] = {SIGWINCH, SIGURG, SIGCHLD, SIGCONT, SIGUSR1};
    for (u64 n = 0; n < control->argument[0]; n++, usleep(500))
        for (unsigned i = 0; i < sizeof ignored / sizeof *ignored; i++)
            kill(process, ignored[i]);
}

static void *run_all(void *pool)
{
    phase_run((struct phase_pool *)pool, 1);
    return NULL;
}

static void make_channels(void)
{
    fed_event = eventfd(0, EFD_SEMAPHORE);
    fed_queue = msgget(IPC_PRIVATE, 0600);
    fed_semaphore = semget(IPC_PRIVATE, 1, 0600);
    if (fed_event < 0 || fed_queue < 0 || fed_semaphore < 0 || pipe(fed_pipe) || pipe(bulk) || socketpair(AF_UNIX, SOCK_STREAM, 0, fed_sockets))
        control_die("cannot make", "channels");
    fcntl(fed_pipe[1], F_SETFL, O_NONBLOCK);
    semctl(fed_semaphore, 0, SETVAL, 0);
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    pthread_t running;
    sigset_t waited_for;
    if (argc != 3)
        return 64;
    process = getpid();
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGRTMIN + 4);
    sigaddset(&waited_for, SIGRTMIN + 5);
    sigaddset(&waited_for, SIGTERM); /* for the main thread: in another its handler would end a call */
    pthread_sigmask(SIG_BLOCK, &waited_for, NULL);
    control = pool.control = control_open(argv[1], (u32)atoi(argv[2]), 1);
    pool.work = work;
    make_channels();
    control_live(&life, control, 1800);
    phase_start_threads(&pool);
    pthread_create(&running, NULL, run_all, &pool);
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &waited_for, NULL);
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(&life) > 0) {
        send_ignored();
        control_answer(&life);
    }
    /* Some threads still wait for the feeder: they go with the process. */
    control->stop = 1;
    msgctl(fed_queue, IPC_RMID, NULL);
    semctl(fed_semaphore, 0, IPC_RMID);
    _exit(control_wrong(control) ? 1 : 0);
}

/* Signals that nobody catches, to a process whose main thread waits in epoll_wait while its other threads fork all the time: winches ROUNDS.
 * The exit code is the number of its waits that were ended, 100 for more: none is, unless somebody traces.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKERS = 3 };

static int rounds, running = FORKERS + 1;

static void *fork_all(void *sends)
{
    for (int i = 0; i < rounds; i++) {
        pid_t child = fork();
        if (!child) {
            for (int k = 0; sends && k < 3; k++) {
                kill(getppid(), SIGWINCH);
                usleep(300);
            }
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    __atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[FORKERS + 1];
    struct epoll_event event;
    sigset_t ends;
    int ended = 0, poll = epoll_create1(EPOLL_CLOEXEC);
    if (argc != 2)
        return 255;
    rounds = atoi(argv[1]);
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    for (intptr_t i = 0; i <= FORKERS; i++)
        if (pthread_create(&threads[i], NULL, fork_all, i == FORKERS ? &rounds : NULL))
            return 255;
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
        if (epoll_wait(poll, &event, 1, 5) < 0)
            ended++;
    for (int i = 0; i <= FORKERS; i++)
        pthread_join(threads[i], NULL);
    return ended < 100 ? ended : 100;
}

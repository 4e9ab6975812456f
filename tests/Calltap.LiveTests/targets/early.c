/* Programs at their beginning: early calls MILLISECONDS calls for so long; early pelted ROUNDS executes early calls 1 so often, each time under signals that
 * do nothing (SIGWINCH, SIGURG), and that stop and continue it. The exit code is 0 when every result and every end was right.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tree_calls.h"

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int call_for(long milliseconds)
{
    long end = now() + milliseconds;
    for (u64 x = 0; x < 10 || now() < end; x++, usleep(milliseconds > 1 ? 200 : 0))
        if (tree_root(x) != 14 * x + 13)
            return 1;
    return 0;
}

static int pelted(char *self)
{
    static const int signals[] = {SIGWINCH, SIGURG, SIGSTOP, SIGCONT};
    int status, i = 0;
    pid_t child = fork();
    if (!child) {
        execl(self, self, "calls", "1", NULL);
        _exit(67);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        kill(child, signals[i++ % 4]);
        usleep(50 + i % 7 * 30);
        kill(child, SIGCONT);
        usleep(100);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    if (!strcmp(argv[1], "calls"))
        return call_for(atol(argv[2]));
    for (int i = 0; i < atoi(argv[2]); i++)
        if (pelted(argv[0]))
            return 1;
    return 0;
}

/* Forks while it loads and unloads a library: loadfork PLUGIN-OF-plugin.c ROUNDS.
 *
 * One thread loads, calls and unloads the library ROUNDS times; the other forks all the time until that is done. Each child makes calls for a while, to the end.
 * The exit code is 0 when every result and every exit code was right.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tree_calls.h"

enum { CHILDREN = 4, CALLS = 40 };

static int loaded, wrong;

static int call_all(void)
{
    for (u64 x = 0; x < CALLS; x++) {
        if (tree_root(x) != 14 * x + 13)
            return 1;
        usleep(500);
    }
    return 0;
}

static void *fork_all(void *unused)
{
    while (!__atomic_load_n(&loaded, __ATOMIC_ACQUIRE)) {
        pid_t children[CHILDREN];
        for (int i = 0; i < CHILDREN; i++) {
            children[i] = fork();
            if (!children[i])
                _exit(call_all());
            usleep(300);
        }
        for (int i = 0; i < CHILDREN; i++) {
            int status = -1;
            if (waitpid(children[i], &status, 0) < 0 || status)
                wrong = 1;
        }
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t forks;
    if (argc != 3 || pthread_create(&forks, NULL, fork_all, NULL))
        return 64;
    for (int i = 0; i < atoi(argv[2]); i++) {
        void *library = dlopen(argv[1], RTLD_NOW);
        u64 (*root)(u64) = library ? (u64 (*)(u64))dlsym(library, "plugin_root") : NULL;
        if (!root)
            return 65;
        for (u64 x = 0; x < 100; x++, usleep(1000))
            if (root(x) != 4 * x + 6)
                wrong = 1;
        dlclose(library);
        usleep(5000);
    }
    __atomic_store_n(&loaded, 1, __ATOMIC_RELEASE);
    pthread_join(forks, NULL);
    return wrong;
}

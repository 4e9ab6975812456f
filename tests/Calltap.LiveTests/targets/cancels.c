/* Threads are cancelled in a system call, or on their way there: cancels CONTROL-FILE THREADS. Each of THREADS lanes starts a thread that
 * waits again and again, cancels it, and joins it, argument[0] times. rounds: threads that were cancelled. A cancellation that is lost
 * leaves its lane waiting, and the command is never answered.
 */
#include "control.h"

void cancels_leaf(void);
__attribute__((noipa)) void cancels_leaf(void)
{
    struct timespec nap = {0, 20000};
    nanosleep(&nap, NULL);
}

static void *wait_for_ever(void *argument)
{
    int fd = *(int *)argument;
    char byte;
    for (u64 i = 0;; i++) {
        if (i % 4 < 3)
            cancels_leaf();
        else
            read(fd, &byte, 1); /* sleeps until it is cancelled */
    }
    return NULL;
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    int ends[2];
    if (pipe(ends))
        control_die("cannot make", "a pipe");
    for (u64 i = 0; i < pool->control->argument[0] && !pool->control->stop; i++) {
        pthread_t one;
        void *result = NULL;
        struct timespec nap = {0, (long)(i * 7919 % 100000)};
        errno = pthread_create(&one, NULL, wait_for_ever, &ends[0]);
        if (errno)
            control_die("cannot start", "thread");
        nanosleep(&nap, NULL);
        pthread_cancel(one);
        pthread_join(one, &result);
        t->wrong += result != PTHREAD_CANCELED;
        t->rounds++;
    }
    close(ends[0]);
    close(ends[1]);
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    if (argc != 3)
        return 64;
    pool.control = control_open(argv[1], (u32)atoi(argv[2]), 0);
    pool.work = work;
    control_live(&life, pool.control, 900);
    phase_start_threads(&pool);
    __atomic_store_n(&pool.control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(&life) == 1) {
        phase_run(&pool, 1);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(pool.control) ? 1 : 0;
}

// Every thread sleeps in one kind of system call. Each return that nobody caused is counted: EINTR, a short sleep, a spurious result.
// Usage: sleepy STATUS-FILE FIFO KIND. A byte in the fifo lets every thread go round once. The file as in busy.c.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef struct { volatile uint64_t stop, errors, eintr, ready, progress[8]; } Status;
static Status *status;
static int fifo, event;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int wanted;

static void failed(void) { if (errno == EINTR) __atomic_add_fetch(&status->eintr, 1, __ATOMIC_SEQ_CST); else status->errors |= 1; }
static void step(int id) { status->progress[id]++; }

static void *in_read(void *a)
{
    char byte;
    for (;;) {
        if (read(fifo, &byte, 1) != 1) { failed(); continue; }
        uint64_t one = 4;
        if (write(event, &one, 8) != 8) failed();
        pthread_mutex_lock(&mutex); wanted++; pthread_cond_broadcast(&condition); pthread_mutex_unlock(&mutex);
        step((int)(intptr_t)a);
    }
}

static void *in_epoll(void *a)
{
    int ep = epoll_create1(0);
    struct epoll_event e = { .events = EPOLLIN }, got;
    uint64_t n;
    epoll_ctl(ep, EPOLL_CTL_ADD, event, &e);
    for (;;) {
        if (epoll_wait(ep, &got, 1, -1) != 1) { failed(); continue; }
        if (read(event, &n, 8) != 8) failed();
        step((int)(intptr_t)a);
    }
}

static void *in_poll(void *a)
{
    struct pollfd p = { .fd = event, .events = POLLIN };
    uint64_t n;
    for (;;) {
        if (poll(&p, 1, -1) != 1) { failed(); continue; }
        if (read(event, &n, 8) != 8) failed();
        step((int)(intptr_t)a);
    }
}

static void *in_condition(void *a)
{
    pthread_mutex_lock(&mutex);
    for (int seen = 0;; seen = wanted) {
        while (wanted == seen) pthread_cond_wait(&condition, &mutex);
        step((int)(intptr_t)a);
    }
}

static void *in_timed_condition(void *a)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += 3600;
    pthread_mutex_lock(&mutex);
    for (int seen = 0;; seen = wanted) {
        while (wanted == seen) if (pthread_cond_timedwait(&condition, &mutex, &t)) status->errors |= 2;
        step((int)(intptr_t)a);
    }
}

static void *in_nanosleep(void *a)
{
    for (;;) {
        struct timespec t = { 3600, 0 };
        if (nanosleep(&t, 0)) failed(); else status->errors |= 4;
    }
}

static void *in_absolute_sleep(void *a)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += 3600;
    for (;;) { errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0); failed(); }
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void *(*sleep)(void *); } kinds[] = {
        { "read", in_read }, { "epoll", in_epoll }, { "poll", in_poll }, { "condition", in_condition },
        { "timed", in_timed_condition }, { "nanosleep", in_nanosleep }, { "absolute", in_absolute_sleep } };
    alarm(900); // ends by itself should its starter be killed
    int fd = open(argv[1], O_RDWR);
    status = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    fifo = open(argv[2], O_RDWR);
    event = eventfd(0, EFD_SEMAPHORE);
    pthread_t thread;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(argv[3], "all"))
            pthread_create(&thread, 0, kinds[i].sleep, (void *)(intptr_t)i);
        else if (!strcmp(argv[3], kinds[i].name)) {
            pthread_create(&thread, 0, kinds[i].sleep, (void *)(intptr_t)1);
            status->ready = 1;
            kinds[i].sleep((void *)0);
        }
    status->ready = 1;
    pthread_join(thread, 0);
}

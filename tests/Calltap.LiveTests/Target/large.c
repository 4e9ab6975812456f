// Much memory, so that giving it back takes the kernel a while: the program has no memory any more and has not ended.
// Usage: large STATUS-FILE MEGABYTES. The file is that of busy.c.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct { volatile uint64_t stop, errors, eintr, ready; } Status;

int main(int argc, char **argv)
{
    int fd = open(argv[1], O_RDWR);
    Status *status = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    size_t bytes = (size_t)atoi(argv[2]) << 20;
    char *memory = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    memset(memory, 1, bytes);
    status->ready = 1;
    for (pid_t starter = getppid(); !status->stop && getppid() == starter;) usleep(1000);
    return 0;
}

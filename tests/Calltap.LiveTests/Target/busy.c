// Four threads that compute without a system call and check, over and over, everything a careless tracer could damage: general registers,
// flags, x87, MXCSR and vector registers, the signal mask and the alternate signal stack.
// Usage: busy STATUS-FILE THREADS [leader-exits | seccomp | seccomp-kills]. The file: u64 stop, errors, eintr, ready, progress[8].
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <stddef.h>
#include <sys/syscall.h>

typedef struct { volatile uint64_t stop, errors, eintr, ready, progress[8]; } Status;
static Status *status;
static pid_t starter;

// What a tracer would have a thread of ours do.
static void barrier(int signal) { (void)signal; syscall(SYS_membarrier, 0, 0, 0); }

static void error(int bit) { __atomic_or_fetch(&status->errors, 1ull << bit, __ATOMIC_SEQ_CST); }

// Holds known values in registers while it spins, and compares them afterwards.
static void vectors(uint64_t seed, int avx)
{
    uint64_t in[8] __attribute__((aligned(32))), out[8] __attribute__((aligned(32)));
    for (int i = 0; i < 8; i++) in[i] = seed * 0x9e3779b97f4a7c15ull + i;
    uint64_t count = 2000, sum = 0;
    if (avx)
        __asm__ volatile(
            "vmovdqa (%2), %%ymm0\n vmovdqa 32(%2), %%ymm15\n"
            "1: add %0, %1\n rol $7, %1\n dec %0\n jnz 1b\n"
            "vmovdqa %%ymm0, (%3)\n vmovdqa %%ymm15, 32(%3)\n vzeroupper\n"
            : "+r"(count), "+r"(sum) : "r"(in), "r"(out) : "memory", "cc", "xmm0", "xmm15");
    else
        __asm__ volatile(
            "movdqa (%2), %%xmm0\n movdqa 16(%2), %%xmm7\n movdqa 32(%2), %%xmm8\n movdqa 48(%2), %%xmm15\n"
            "1: add %0, %1\n rol $7, %1\n dec %0\n jnz 1b\n"
            "movdqa %%xmm0, (%3)\n movdqa %%xmm7, 16(%3)\n movdqa %%xmm8, 32(%3)\n movdqa %%xmm15, 48(%3)\n"
            : "+r"(count), "+r"(sum) : "r"(in), "r"(out) : "memory", "cc", "xmm0", "xmm7", "xmm8", "xmm15");
    if (memcmp(in, out, sizeof in)) error(0);
    uint64_t expected = 0;
    for (uint64_t i = 2000; i; i--) { expected += i; expected = expected << 7 | expected >> 57; }
    if (sum != expected) error(1);
}

// A red zone user: the leaf keeps values below its stack pointer.
__attribute__((noinline)) static uint64_t red_zone(uint64_t x)
{
    uint64_t result;
    __asm__ volatile(
        "mov %1, -8(%%rsp)\n mov %1, -64(%%rsp)\n mov %1, -128(%%rsp)\n mov $500, %%ecx\n"
        "1: dec %%ecx\n jnz 1b\n"
        "mov -8(%%rsp), %0\n add -64(%%rsp), %0\n add -128(%%rsp), %0\n"
        : "=&r"(result) : "r"(x) : "rcx", "cc", "memory");
    return result;
}

static void *work(void *argument)
{
    int id = (int)(intptr_t)argument;
    int avx = __builtin_cpu_supports("avx");
    stack_t mine = { .ss_sp = malloc(65536), .ss_size = 65536 }, now;
    sigaltstack(&mine, 0);
    sigset_t mask, seen;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1 + id % 2);
    sigaddset(&mask, SIGRTMIN + id);
    pthread_sigmask(SIG_SETMASK, &mask, 0);
    unsigned mxcsr = 0x1f80 | (id & 3) << 13, got;
    unsigned short control = 0x37f | (id & 3) << 10, word;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    __asm__ volatile("fldcw %0" : : "m"(control));
    volatile long double x87 = 1.0L;
    __atomic_add_fetch(&status->ready, 1, __ATOMIC_SEQ_CST);
    for (uint64_t n = 1; !status->stop; n++) {
        vectors(n ^ id, avx);
        vectors(n + id, 0);
        if (red_zone(n) != 3 * n) error(2);
        long double before = x87;
        x87 = before * 2 / 2;
        if (x87 != before) error(3);
        __asm__ volatile("stmxcsr %0" : "=m"(got));
        if ((got & 0x6000) != (mxcsr & 0x6000)) error(4);
        __asm__ volatile("fnstcw %0" : "=m"(word));
        if (word != control) error(5);
        if (n % 1000 == 0) {
            if (getppid() != starter) break; // killed: nobody will say stop
            sigaltstack(0, &now);
            if (now.ss_sp != mine.ss_sp || now.ss_size != mine.ss_size || now.ss_flags) error(6);
            pthread_sigmask(SIG_SETMASK, 0, &seen);
            for (int s = 1; s < 64; s++)
                if (sigismember(&seen, s) != sigismember(&mask, s)) error(7);
        }
        status->progress[id] = n;
    }
    return 0;
}

int main(int argc, char **argv)
{
    starter = getppid();
    int threads = argc > 2 ? atoi(argv[2]) : 4;
    int fd = open(argv[1], O_RDWR);
    status = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    pthread_t other[8];
    if (argc > 3 && !strncmp(argv[3], "seccomp", 7)) { // One that allows everything, or one that kills: there is no telling from outside.
        struct sock_filter rules[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, argv[3][7] ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog filter = { .len = 4, .filter = rules };
        signal(SIGUSR1, barrier);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
    } else if (argc > 3) { // The leader ends, another thread does its share.
        pthread_create(&other[0], 0, work, 0);
        for (int i = 1; i < threads; i++) pthread_create(&other[i], 0, work, (void *)(intptr_t)i);
        pthread_exit(0);
    }
    for (int i = 1; i < threads; i++) pthread_create(&other[i], 0, work, (void *)(intptr_t)i);
    work(0);
    for (int i = 1; i < threads; i++) pthread_join(other[i], 0);
    return status->errors ? 1 : 0;
}

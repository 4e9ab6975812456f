/* A program that changes what surrounds it: surroundings CONTROL-FILE THREADS. Every command sets results[0], to 0 or an errno unless it says else.
 * 1 argument[0] rounds of calls in each thread, of 4 calls of around_leaf and one of around_root
 * 2 forbids memfd_create and membarrier by a seccomp filter that answers with argument[0]; in all threads if argument[1], else in this one
 * 3 makes a memfd, as a control                     4 sets the limit argument[0] to argument[1]
 * 5 closes every descriptor                          6 sets "dumpable" to argument[0]
 * 7 changes its root to an empty folder              8 becomes the user argument[0], in all threads
 * 9 sets no_new_privs                                10 maps all that is free within 3 GiB of its text, but for argument[0] bytes in one piece
 * 11 locks all memory that it will ever map
 */
#include "control.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

u64 around_leaf(u64 x);
u64 around_root(u64 x);

__attribute__((noipa)) u64 around_leaf(u64 x)
{
    return x * 11 + 5;
}

__attribute__((noipa)) u64 around_root(u64 x)
{
    return around_leaf(x) + around_leaf(x + 1) + around_leaf(x + 2) + around_leaf(x + 3);
}

static u64 result_of(long value)
{
    return value < 0 ? (u64)errno : 0;
}

static u64 forbid(u32 answer, int everywhere)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return (u64)errno;
    return result_of(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, everywhere ? SECCOMP_FILTER_FLAG_TSYNC : 0, &program));
}

static u64 make_memfd(void)
{
    int file = (int)syscall(SYS_memfd_create, "control", 0);
    u64 result = result_of(file);
    close(file);
    return result;
}

static u64 set_limit(int resource, u64 value)
{
    struct rlimit limits = {value, value};
    return result_of(setrlimit((__rlimit_resource_t)resource, &limits));
}

static u64 change_root(void)
{
    char folder[] = "/tmp/calltap-root-XXXXXX";
    if (!mkdtemp(folder) || chroot(folder) || chdir("/"))
        return (u64)errno;
    return 0;
}

/* Largest pieces first: whatever is not to be had is tried in halves. What is to be left is mapped at first, and given back. */
static void fill(char *start, u64 size)
{
    if (size < 4096 || mmap(start, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED)
        return;
    fill(start, size / 2);
    fill(start + size / 2, size - size / 2);
}

static u64 fill_around(u64 leave)
{
    const u64 reach = 3ul << 30;
    char *text = (char *)((u64)around_root & ~4095ul), *left = NULL;
    for (char *at = text; leave && !left; at -= leave) {
        char *got = mmap(at, leave, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        left = got == MAP_FAILED ? NULL : got;
    }
    fill(text - reach, 2 * reach);
    return left ? result_of(munmap(left, leave)) : 0;
}

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    for (u64 i = 0; i < pool->control->argument[0] && !pool->control->stop; i++) {
        t->wrong += around_root(i) != 11 * (4 * i + 6) + 20;
        t->rounds++;
    }
}

static u64 obey(struct phase_pool *pool, int kind, const u64 *argument)
{
    switch (kind) {
    case 1: phase_run(pool, 1); return 0;
    case 2: return forbid((u32)argument[0], argument[1] != 0);
    case 3: return make_memfd();
    case 4: return set_limit((int)argument[0], argument[1]);
    case 5: return result_of(syscall(SYS_close_range, 0, ~0u, 0));
    case 6: return result_of(prctl(PR_SET_DUMPABLE, argument[0], 0, 0, 0));
    case 7: return change_root();
    case 8: return result_of(setresuid((uid_t)argument[0], (uid_t)argument[0], (uid_t)argument[0]));
    case 9: return result_of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    case 10: return fill_around(argument[0]);
    default: return result_of(mlockall(MCL_FUTURE));
    }
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    int kind;
    if (argc != 3)
        return 64;
    pool.control = control_open(argv[1], (u32)atoi(argv[2]), 1);
    pool.work = work;
    control_live(&life, pool.control, 300);
    phase_start_threads(&pool);
    __atomic_store_n(&pool.control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        pool.control->results[0] = obey(&pool, kind, (const u64 *)pool.control->argument);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(pool.control) ? 1 : 0;
}

/* A program that does what makes a tracer's life hard: guest CONTROL-FILE THREADS. Every command sets results[0].
 * 1 argument[0] rounds of calls in each thread (counts: 0 rounds, of 4 calls of guest_leaf and one of guest_root)
 * 2 locks all memory, present and future              3 limits its address space to argument[0] bytes more than now; 0 lifts that
 * 4 enters a new user namespace if argument[0] is 2, else asks only whether it might; with a second thread if it is 1
 * 5 starts a thread by clone alone; argument[0]: 0 that has run a while, 1 the same without a thread pointer, 2 that hardly runs, and ends after three seconds
 * 6 makes a page of its code writable and has a thread count in it (results 1: increments, 2: lost ones); 7 ends that
 * 8 forks a child that goes on calling (results 3: its pid, 4: rounds, 5: wrong results)
 * 9 a thread waits for a page inside a region; 10 gives it the page (result: what the thread returns)
 * 11 catches SIGSEGV; 12 calls functions that fault (results 1: at the pc expected, 2: elsewhere)
 * 13 calls guest_root argument[0] times in this thread; result: wrong ones
 * 14 keeps argument[0] in a word on the main thread's stack
 */
#include "control.h"
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <ucontext.h>

u64 guest_leaf(u64 x);
u64 guest_root(u64 x);

__attribute__((noipa)) u64 guest_leaf(u64 x)
{
    return x * 13 + 6;
}

__attribute__((noipa)) u64 guest_root(u64 x)
{
    return guest_leaf(x) + guest_leaf(x + 1) + guest_leaf(x + 2) + guest_leaf(x + 3);
}

static u64 is_wrong(u64 x)
{
    return guest_root(x) != 13 * (4 * x + 6) + 24;
}

static struct control *control;

#define ASM_FUNCTION(section, name, code) \
    u64 name(u64 x);                      \
    __asm__(".pushsection " section ",\"ax\",@progbits\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" code "\n.size " #name ", . - " #name "\n.popsection")

/* ---- 3: limits ---- */

static u64 address_space(void)
{
    u64 pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu", &pages) != 1)
        control_die("cannot read", "statm");
    fclose(file);
    return pages * 4096;
}

static u64 limit(u64 more)
{
    struct rlimit limits = {more ? address_space() + more : RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_AS, &limits) ? (u64)errno : 0;
}

/* ---- 4: a new user namespace, which only a process of one thread may enter; CLONE_THREAD is the part of it that asks ---- */

static void *sleeper(void *end)
{
    sem_wait((sem_t *)end);
    return NULL;
}

static u64 unshare_user(int enter, int with_thread)
{
    pthread_t other;
    sem_t end;
    sem_init(&end, 0, 0);
    if (with_thread && pthread_create(&other, NULL, sleeper, &end))
        control_die("cannot start", "thread");
    u64 result = unshare(enter ? CLONE_NEWUSER : CLONE_THREAD) ? (u64)errno : 0;
    sem_post(&end);
    if (with_thread)
        pthread_join(other, NULL);
    return result;
}

/* ---- 5: a thread that libc knows nothing of: system calls only ---- */

static void raw_call(long number, void *first)
{
    __asm__ volatile("syscall" : "+a"(number) : "D"(first), "S"(NULL) : "rcx", "r11", "memory");
}

static int raw_thread(void *argument)
{
    (void)argument;
    for (volatile u32 i = 0; i < 20000000; i++)
        ;
    for (;;)
        raw_call(SYS_pause, NULL);
    return 0;
}

static int raw_newborn(void *argument)
{
    struct timespec nap = {3, 0};
    (void)argument;
    raw_call(SYS_nanosleep, &nap);
    raw_call(SYS_exit, NULL);
    return 0;
}

static u64 start_raw(u64 kind)
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | (kind == 1 ? CLONE_SETTLS : 0);
    char *stack = (char *)malloc(65536);
    return clone(kind == 2 ? raw_newborn : raw_thread, stack + 65536, flags, NULL, NULL, NULL, NULL) < 0 ? (u64)errno : 0;
}

/* ---- 6, 7: a page with code and with data that a thread changes ---- */

__asm__(".pushsection .text.page,\"ax\",@progbits\n.balign 4096\nguest_page:\n.popsection");
ASM_FUNCTION(".text.page", guest_paged, "leaq 17(%rdi,%rdi,4), %rax\n movq %rax, %rcx\n movq %rcx, %rax\n ret");
__asm__(".pushsection .text.page,\"ax\",@progbits\n.balign 64\nguest_cell: .quad 0\n.balign 4096\n.popsection");
extern volatile u64 guest_cell;
extern char guest_page[];
static pthread_t page_thread;
static volatile int page_stop;

static void *count_in_page(void *argument)
{
    u64 own = guest_cell, lost = 0;
    (void)argument;
    for (u64 i = 0; !page_stop; i++) {
        for (int k = 0; k < 200; k++) {
            u64 now = guest_cell;
            lost += now != own;
            guest_cell = own = now + 1;
        }
        control->results[1] += 200;
        control->results[2] = lost;
        control_thread_at(control, 0)->wrong += guest_paged(i) != 5 * i + 17;
    }
    return NULL;
}

static u64 start_page(void)
{
    control->results[1] = control->results[2] = 0;
    page_stop = 0;
    if (mprotect(guest_page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
        return (u64)errno;
    return (u64)pthread_create(&page_thread, NULL, count_in_page, NULL);
}

static u64 end_page(void)
{
    page_stop = 1;
    pthread_join(page_thread, NULL);
    return mprotect(guest_page, 4096, PROT_READ | PROT_EXEC) ? (u64)errno : 0;
}

/* ---- 8: a child that stays ---- */

static u64 fork_child(void)
{
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        return (u64)errno;
    if (!child) {
        for (u64 i = 0; !control->stop && getppid() == parent; i++) {
            for (u64 k = 0; k < 1000; k++)
                control->results[5] += is_wrong(i + k);
            control->results[4]++;
        }
        _exit(0);
    }
    control->results[3] = (u64)child;
    return 0;
}

/* ---- 9, 10: a thread that sleeps in a page fault, its pc inside a region ---- */

ASM_FUNCTION(".text", guest_faulted, "pushq %rbx\n 1: movq (%rdi), %rbx\n leaq 3(%rbx), %rax\n popq %rbx\n ret");
static pthread_t fault_thread;
static int faults;
static void *fault_page;

static void *fault(void *argument)
{
    return (void *)guest_faulted((u64)argument);
}

static u64 start_fault(void)
{
    struct uffdio_api api = {.api = UFFD_API};
    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
    fault_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {.range = {(u64)fault_page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) || ioctl(faults, UFFDIO_REGISTER, &range))
        return (u64)errno;
    return (u64)pthread_create(&fault_thread, NULL, fault, fault_page);
}

static u64 end_fault(void)
{
    void *result;
    static u64 page[512] __attribute__((aligned(4096)));
    page[0] = 1000;
    struct uffdio_copy copy = {.dst = (u64)fault_page, .src = (u64)page, .len = 4096};
    if (ioctl(faults, UFFDIO_COPY, &copy))
        return (u64)errno;
    pthread_join(fault_thread, &result);
    return (u64)result;
}

/* ---- 11, 12: functions that fault, and a handler that knows where ---- */

ASM_FUNCTION(".text", guest_faults_first, "movq (%rdi), %rax\n addq $1, %rax\n nop\n ret");
__asm__(".balign 16");
ASM_FUNCTION(".text", guest_faults_later, "leaq 0x12345(%rdi), %rax\n movq -0x12345(%rax), %rax\n ret");
__asm__(".balign 16");
ASM_FUNCTION(".text", guest_faults_last, "leaq 0x12345(%rdi), %rax\n movq (%rdi), %rax\n incl %eax\n ret");
__asm__("pause"); /* no padding */
enum { FAULT_OFFSET = 7 };
static const char *fault_at;
static sig_atomic_t fault_length;

static void on_fault(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)number;
    (void)info;
    if ((const char *)registers[REG_RIP] != fault_at) {
        control->results[2]++;
        _exit(3);
    }
    control->results[1]++;
    registers[REG_RIP] += fault_length;
    registers[REG_RAX] = 40;
}

static u64 catch_faults(void)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_sigaction = on_fault;
    act.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &act, NULL) ? (u64)errno : 0;
}

static u64 fault_in(u64 (*function)(u64), int offset, int length)
{
    fault_at = (const char *)function + offset;
    fault_length = length;
    return function(8);
}

static u64 run_faults(void)
{
    control->results[1] = control->results[2] = 0;
    return (fault_in(guest_faults_first, 0, 3) != 41) + (fault_in(guest_faults_later, FAULT_OFFSET, 7) != 40) +
           (fault_in(guest_faults_last, FAULT_OFFSET, 3) != 41);
}

/* ---- */

static void work(struct phase_pool *pool, u32 thread)
{
    struct control_thread *t = control_thread_at(pool->control, thread);
    for (u64 i = 0; i < pool->control->argument[0] && !pool->control->stop; i++) {
        t->wrong += is_wrong(i);
        control_counts(pool->control, thread)[0]++;
        t->rounds++;
    }
}

static u64 call_here(u64 times)
{
    u64 wrong = 0;
    for (u64 i = 0; i < times; i++)
        wrong += is_wrong(i);
    return wrong;
}

static u64 obey(struct phase_pool *pool, int kind, u64 argument, volatile u64 *word)
{
    switch (kind) {
    case 1: phase_run(pool, 1); return 0;
    case 2: return mlockall(MCL_CURRENT | MCL_FUTURE) ? (u64)errno : 0;
    case 3: return limit(argument);
    case 4: return unshare_user(argument == 2, argument == 1);
    case 5: return start_raw(argument);
    case 6: return start_page();
    case 7: return end_page();
    case 8: return fork_child();
    case 9: return start_fault();
    case 10: return end_fault();
    case 11: return catch_faults();
    case 12: return run_faults();
    case 13: return call_here(argument);
    default: *word = argument; return 0;
    }
}

int main(int argc, char **argv)
{
    static struct phase_pool pool;
    struct control_life life;
    volatile u64 word = 0;
    int kind;
    if (argc != 3)
        return 64;
    control = pool.control = control_open(argv[1], (u32)atoi(argv[2]), 1);
    pool.work = work;
    control_live(&life, control, 900);
    phase_start_threads(&pool);
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        control->results[0] = obey(&pool, kind, control->argument[0], &word);
        control_answer(&life);
    }
    phase_run(&pool, -1);
    return control_wrong(control) || control->results[5] ? 1 : 0;
}

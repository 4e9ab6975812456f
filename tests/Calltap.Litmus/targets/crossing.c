/* A thread changes an instruction that another executes, by the passes of the protocol, written with plain stores:
 * crossing CONTROL-FILE. Head and tail lie in two pages. The instruction is mov $OLD, %eax or mov $NEW, %edx: who executes it
 * sees by the two registers what it was made of. A breakpoint sends its thread back to try again.
 *
 * Command 1, N, SYNC: N changes or until an instruction was executed that never was written; with SYNC = 1 a membarrier
 * behind each pass. results: changes, calls, breakpoints met, instructions made of an old head and a new tail, of a new head and an old tail.
 */
#include "control.h"

#include <linux/membarrier.h>
#include <sched.h>

enum { HEAD_AT = 4095, SIZE = 8192, OLD_HEAD = 0xb8, NEW_HEAD = 0xba, RET = 0xc3, INT3 = 0xcc };
static const u32 OLD_TAIL = 0x11111111, NEW_TAIL = 0x22222222, OLD_EDX = 0x66, NEW_EAX = 0x55;

static struct control *control;
static unsigned char *text, *alias;
static volatile u64 calls, met, old_head, new_head;
static volatile int running;

static void on_breakpoint(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP]--;
    met++;
}

static void pin(int which)
{
    cpu_set_t mine, one;
    sched_getaffinity(0, sizeof mine, &mine);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &mine) && which-- == 0)
            CPU_SET(i, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void *caller(void *argument)
{
    (void)argument;
    pin(0);
    while (running) {
        u32 eax, edx;
        __asm__ volatile("mov $0x55, %%eax\n\tmov $0x66, %%edx\n\tcall *%2"
                         : "=&a"(eax), "=&d"(edx)
                         : "r"(text + HEAD_AT)
                         : "memory", "cc");
        calls++;
        old_head += eax == NEW_TAIL;
        new_head += edx == OLD_TAIL;
        if (!(eax == OLD_TAIL && edx == OLD_EDX) && !(eax == NEW_EAX && edx == NEW_TAIL) && eax != NEW_TAIL && edx != OLD_TAIL)
            control_thread_at(control, 0)->wrong++;
    }
    return NULL;
}

static void sync_cores(int on)
{
    if (on && syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0))
        control_die("membarrier", "sync core");
}

static void change(unsigned char head, u32 tail, int sync)
{
    *(volatile unsigned char *)(alias + HEAD_AT) = INT3;
    sync_cores(sync);
    *(volatile u32 *)(alias + HEAD_AT + 1) = tail;
    sync_cores(sync);
    *(volatile unsigned char *)(alias + HEAD_AT) = head;
    sync_cores(sync);
    for (int i = 0; i < 20; i++)
        _mm_pause();
}

static void *changer(void *argument)
{
    u64 *done = (u64 *)argument, wanted = control->argument[0];
    int sync = (int)control->argument[1];
    pin(1);
    while (*done < wanted && !old_head && !new_head) {
        change(NEW_HEAD, NEW_TAIL, sync);
        change(OLD_HEAD, OLD_TAIL, sync);
        *done += 2;
    }
    return NULL;
}

static void run(void)
{
    pthread_t threads[2];
    u64 done = 0;
    calls = met = old_head = new_head = 0;
    running = 1;
    if (pthread_create(&threads[0], NULL, caller, NULL) || pthread_create(&threads[1], NULL, changer, &done))
        control_die("cannot start", "thread");
    pthread_join(threads[1], NULL);
    running = 0;
    pthread_join(threads[0], NULL);
    u64 results[] = {done, calls, met, old_head, new_head};
    memcpy(control->results, results, sizeof results);
}

static void map_text(void)
{
    int fd = memfd_create("text", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, SIZE))
        control_die("cannot make", "text");
    text = (unsigned char *)mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    alias = (unsigned char *)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (text == MAP_FAILED || alias == MAP_FAILED)
        control_die("cannot map", "text");
    alias[HEAD_AT] = OLD_HEAD;
    memcpy(alias + HEAD_AT + 1, &OLD_TAIL, sizeof OLD_TAIL);
    alias[HEAD_AT + 5] = RET;
}

int main(int argc, char **argv)
{
    struct control_life life;
    struct sigaction act;
    if (argc != 2)
        return 64;
    control = control_open(argv[1], 1, 0);
    control_live(&life, control, 900);
    memset(&act, 0, sizeof act);
    act.sa_sigaction = on_breakpoint;
    act.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &act, NULL);
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0))
        control_die("membarrier", "register");
    map_text();
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while (control_next(&life) == 1) {
        run();
        control_answer(&life);
    }
    return control_wrong(control) ? 1 : 0;
}

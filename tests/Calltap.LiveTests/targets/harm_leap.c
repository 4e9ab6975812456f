/* longjmp over many frames, setjmp in a loop, siglongjmp out of handlers; switches of stacks by swapcontext and by hand. */
#include "harm.h"
#include <setjmp.h>
#include <ucontext.h>

u64 way_leap_down(u64 n, jmp_buf *back);
u64 way_leap_far(u64 x);
u64 way_leap_loop(u64 x);
void way_leap_handler(int number);
u64 way_leap_signal(u64 x);

NOIPA u64 way_leap_down(u64 n, jmp_buf *back)
{
    ENTER();
    if (!n)
        longjmp(*back, 5);
    u64 r = way_leap_down(n - 1, back) + 1;
    LEAVE();
    return r;
}

NOIPA u64 way_leap_far(u64 x)
{
    ENTER();
    jmp_buf back;
    volatile u64 r = x;
    int way = setjmp(back);
    if (!way)
        r = way_leap_down(60, &back);
    else {
        BACK();
        r += (u64)way;
    }
    LEAVE();
    return r;
}

NOIPA u64 way_leap_loop(u64 x)
{
    ENTER();
    jmp_buf back;
    volatile u64 times = 0, r = x;
    if (setjmp(back))
        BACK();
    if (times < 6) {
        times++;
        r = r * 3 + times;
        way_leap_down(times, &back);
    }
    LEAVE();
    return r;
}

static __thread sigjmp_buf from_handler;

NOIPA void way_leap_handler(int number)
{
    ENTER();
    if (number == SIGUSR1)
        siglongjmp(from_handler, 3);
    LEAVE();
}

NOIPA u64 way_leap_signal(u64 x)
{
    ENTER();
    volatile u64 r = x;
    int way = sigsetjmp(from_handler, 1);
    if (!way) {
        raise(SIGUSR1);
        r = 0;
    } else {
        BACK();
        r += (u64)way;
    }
    LEAVE();
    return r;
}

NOIPA u64 way_leap_round(u64 x)
{
    static __thread int prepared;
    ENTER();
    if (!prepared) {
        struct sigaction act;
        memset(&act, 0, sizeof act);
        act.sa_handler = way_leap_handler;
        sigaction(SIGUSR1, &act, NULL);
        prepared = 1;
    }
    u64 r = way_leap_far(x);
    CHECK(r == x + 5);
    r = r * 7 + way_leap_loop(x);
    u64 out = way_leap_signal(x);
    CHECK(out == x + 3);
    LEAVE();
    return r * 7 + out;
}

/* ---- switches ---- */

enum { STACK = 256 * 1024 };

struct coroutine {
    ucontext_t own, caller;
    void *sp, *caller_sp;
    u64 yielded;
    u32 depth;
};

static __thread struct coroutine by_libc, by_hand;

/* Registers that a callee keeps, and the stack. */
void harm_switch(void **from, void *to);
__asm__(".text\n.globl harm_switch\n.type harm_switch,@function\nharm_switch:\n"
        "push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "mov %rsp, (%rdi)\n mov %rsi, %rsp\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret\n"
        ".size harm_switch, . - harm_switch\n");

static u32 swap_depth(u32 depth)
{
    u32 before = trail_depth;
    trail_depth = depth;
    return before;
}

u64 way_switch_value(u64 x);
void way_switch_yield(u64 x);
void way_switch_body(void);
void way_switch_yield_by_hand(u64 x);
void way_switch_body_by_hand(void);
u64 way_switch_next(void);
u64 way_switch_next_by_hand(void);

NOIPA u64 way_switch_value(u64 x)
{
    ENTER();
    LEAVE();
    return x * 5 + 1;
}

NOIPA void way_switch_yield(u64 x)
{
    ENTER();
    by_libc.yielded = x;
    by_libc.depth = trail_depth;
    swapcontext(&by_libc.own, &by_libc.caller);
    LEAVE();
}

NOIPA void way_switch_body(void)
{
    ENTER();
    for (u64 i = 0;; i++)
        way_switch_yield(way_switch_value(i));
    LEAVE();
}

NOIPA void way_switch_yield_by_hand(u64 x)
{
    ENTER();
    by_hand.yielded = x;
    by_hand.depth = trail_depth;
    harm_switch(&by_hand.sp, by_hand.caller_sp);
    LEAVE();
}

NOIPA void way_switch_body_by_hand(void)
{
    ENTER();
    for (u64 i = 0;; i++)
        way_switch_yield_by_hand(way_switch_value(i + 1));
    LEAVE();
}

NOIPA u64 way_switch_next(void)
{
    ENTER();
    u32 depth = swap_depth(by_libc.depth);
    swapcontext(&by_libc.caller, &by_libc.own);
    swap_depth(depth);
    LEAVE();
    return by_libc.yielded;
}

NOIPA u64 way_switch_next_by_hand(void)
{
    ENTER();
    u32 depth = swap_depth(by_hand.depth);
    harm_switch(&by_hand.caller_sp, by_hand.sp);
    swap_depth(depth);
    LEAVE();
    return by_hand.yielded;
}

/* Both begin anew in each round: the one of the round before is left where it has yielded. */
static void start_anew(void)
{
    static __thread char *stacks;
    if (!stacks)
        stacks = (char *)harm_far_stack(2 * STACK);
    getcontext(&by_libc.own);
    by_libc.own.uc_stack.ss_sp = stacks;
    by_libc.own.uc_stack.ss_size = STACK;
    by_libc.own.uc_link = NULL;
    makecontext(&by_libc.own, way_switch_body, 0);
    u64 *top = (u64 *)(stacks + 2 * STACK) - 4;
    *--top = 0; /* the return address of the body; keeps the stack as the ABI wants it at an entry */
    *--top = (u64)way_switch_body_by_hand;
    by_hand.sp = top - 6;
    by_libc.depth = by_hand.depth = 0;
}

NOIPA u64 way_switch_round(u64 x)
{
    ENTER();
    u64 sum = x;
    start_anew();
    for (u64 i = 0; i < 4; i++) {
        u64 a = way_switch_next(), b = i % 2 ? way_switch_next_by_hand() : 0;
        CHECK(a == i * 5 + 1);
        CHECK(!b || b == (i / 2 + 1) * 5 + 1);
        sum = sum * 7 + a + b;
    }
    LEAVE();
    return sum;
}

/* Asynchronous cancellation of a thread that does nothing but call traced functions. Cleanup handlers of C: longjmp leads to them. */
#include "harm.h"

u64 silent_cancel_leaf(u64 x);
u64 silent_cancel_middle(u64 x);
void *silent_cancel_main(void *argument);

struct cancelled {
    volatile u64 started, cleaned, outer;
};

NOIPA u64 silent_cancel_leaf(u64 x)
{
    return x * 3 + 1;
}

NOIPA u64 silent_cancel_middle(u64 x)
{
    return silent_cancel_leaf(x) + silent_cancel_leaf(x + 1);
}

static void clean_up(void *argument)
{
    struct cancelled *c = (struct cancelled *)argument;
    CHECK(silent_cancel_leaf(2) == 7);
    c->cleaned++;
}

static void clean_up_last(void *argument)
{
    ((struct cancelled *)argument)->outer++;
}

NOIPA void *silent_cancel_main(void *argument)
{
    struct cancelled *c = (struct cancelled *)argument;
    pthread_cleanup_push(clean_up_last, c);
    pthread_cleanup_push(clean_up, c);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (u64 i = 0;; i++) {
        if (silent_cancel_middle(i) != 6 * i + 5)
            harm_fail(__FILE__, __LINE__);
        c->started = 1;
    }
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
    return NULL;
}

NOIPA u64 silent_cancel_round(u64 x)
{
    struct cancelled c = {0, 0, 0};
    pthread_t thread;
    void *result;
    CHECK(!pthread_create(&thread, NULL, silent_cancel_main, &c));
    while (!c.started)
        sched_yield();
    for (u64 i = 0; i < x * 20; i++)
        __asm__ volatile("pause");
    CHECK(!pthread_cancel(thread));
    CHECK(!pthread_join(thread, &result));
    CHECK(result == PTHREAD_CANCELED && c.cleaned == 1 && c.outer == 1);
    return x + c.cleaned;
}

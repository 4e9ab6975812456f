/* Ends of threads: pthread_exit and cancellation out of many frames, with cleanup handlers, destructors, thread_local objects and keys. */
#include "harm.h"
#include <atomic>

namespace {

struct Told {
    std::atomic<u64> cleaned{0}, destroyed{0}, local{0}, key{0};
    u64 *row;
    int way;
};

enum Way { Return, Exit, Cancel, CancelAtOnce, Ways };

pthread_key_t key;
pthread_once_t once = PTHREAD_ONCE_INIT;

} // namespace

extern "C" {

NOIPA void way_thread_local_gone(Told *told)
{
    ENTER();
    told->local++;
    LEAVE();
}

NOIPA void way_thread_key_gone(void *argument)
{
    trail_depth = 0;
    ENTER();
    static_cast<Told *>(argument)->key++;
    LEAVE();
}

NOIPA void way_thread_cleanup(void *argument)
{
    ENTER();
    static_cast<Told *>(argument)->cleaned++;
    LEAVE();
}

NOIPA void way_thread_destroyed(Told *told)
{
    ENTER();
    told->destroyed++;
    LEAVE();
}

} // extern "C"

namespace {

struct Local {
    Told *told = nullptr;
    ~Local()
    {
        trail_depth = 0; /* every frame has gone */
        way_thread_local_gone(told);
    }
};

thread_local Local local;

struct Guard {
    u64 at;
    Told *told;
    __attribute__((always_inline)) ~Guard()
    {
        trail_back(at);
        way_thread_destroyed(told);
    }
};

} // namespace

extern "C" {

static NOIPA void leave_by(int way)
{
    if (way == Exit)
        pthread_exit(nullptr);
    if (way == CancelAtOnce)
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

NOIPA u64 way_thread_down(u64 n, Told *told)
{
    ENTER();
    u64 r = 0;
    {
        Guard guard{trail_at_, told};
        if (n)
            r = way_thread_down(n - 1, told) + 1;
        else if (told->way != Return)
            leave_by(told->way);
    }
    LEAVE();
    return r;
}

struct Cleanup {
    u64 at;
    Told *told;
};

static void clean_up(void *argument)
{
    auto cleanup = static_cast<Cleanup *>(argument);
    trail_back(cleanup->at);
    way_thread_cleanup(cleanup->told);
}

NOIPA void *way_thread_main(void *argument)
{
    auto told = static_cast<Told *>(argument);
    trail_row = told->row;
    ENTER();
    local.told = told;
    pthread_setspecific(key, told);
    Cleanup cleanup{trail_at_, told};
    pthread_cleanup_push(clean_up, &cleanup);
    way_thread_down(20, told);
    pthread_cleanup_pop(1);
    LEAVE();
    return told;
}

static void make_key()
{
    pthread_key_create(&key, way_thread_key_gone);
}

NOIPA u64 way_thread_round(u64 x)
{
    ENTER();
    pthread_once(&once, make_key);
    u64 sum = x;
    for (int way = Return; way < Ways; way++) {
        Told told;
        pthread_t thread;
        void *result;
        told.row = trail_row;
        told.way = way;
        CHECK(!pthread_create(&thread, nullptr, way_thread_main, &told));
        CHECK(!pthread_join(thread, &result));
        CHECK(result == (way == Return ? &told : way == Exit ? nullptr : PTHREAD_CANCELED));
        CHECK(told.cleaned == 1 && told.destroyed == 21 && told.local == 1 && told.key == 1);
        sum = sum * 7 + told.destroyed;
    }
    LEAVE();
    return sum;
}

} // extern "C"

/* Exceptions through many frames: rethrown, out of constructors, through frames of C and of the C library, in noexcept functions, nested, from threads. */
#include "harm.h"
#include <exception>
#include <thread>

namespace {

struct Thrown {
    u64 value;
};

struct Other {
    u64 value;
};

} // namespace

extern "C" {

NOIPA u64 way_throw_down(u64 n, u64 x)
{
    ENTER();
    if (!n)
        throw Thrown{x};
    u64 r = way_throw_down(n - 1, x + 1) + 1;
    LEAVE();
    return r;
}

NOIPA u64 way_throw_note(u64 x)
{
    ENTER();
    LEAVE();
    return x * 3;
}

static NOIPA u64 way_throw_start(u64 x)
{
    ENTER();
    u64 r = way_throw_down(x % 5, x) + 1;
    LEAVE();
    return r;
}

} // extern "C"

namespace {

/* Runs in the landing pad of a function: the calls below that one are gone. Inlined, as a frame of its own that is not traced would be taken for
 * one below the call that threw (docs/limits.md, Call trees). */
struct Guard {
    u64 at, *sum;
    __attribute__((always_inline)) ~Guard()
    {
        trail_back(at);
        *sum += way_throw_note(7);
    }
};

} // namespace

extern "C" {

NOIPA u64 way_throw_catch(u64 n, u64 x)
{
    ENTER();
    u64 r = 0;
    try {
        r = way_throw_down(n, x);
    } catch (const Thrown &e) {
        BACK();
        r = e.value + way_throw_note(x);
    }
    LEAVE();
    return r;
}

NOIPA u64 way_throw_again(u64 n, u64 x, u64 *sum)
{
    ENTER();
    Guard guard{trail_at_, sum};
    try {
        n ? way_throw_again(n - 1, x, sum) : way_throw_down(10, x);
    } catch (...) {
        BACK();
        *sum += way_throw_note(n);
        throw;
    }
    LEAVE();
    return 0;
}

NOIPA u64 way_throw_rethrown(u64 x)
{
    ENTER();
    u64 sum = 0;
    try {
        way_throw_again(4, x, &sum);
    } catch (const Thrown &e) {
        BACK();
        sum += e.value;
    }
    LEAVE();
    return sum;
}

NOIPA void way_throw_make(u64 x)
{
    ENTER();
    if (x % 4 == 3)
        throw Other{x};
    LEAVE();
}

} // extern "C"

namespace {

struct Part {
    u64 at, *sum;
    Part(u64 function, u64 x, u64 *total) : at(function), sum(total) { way_throw_make(x); }
    __attribute__((always_inline)) ~Part()
    {
        trail_back(at);
        *sum += way_throw_note(1);
    }
};

struct Whole {
    Part a, b, c, d;
    Whole(u64 function, u64 x, u64 *total) : a(function, x, total), b(function, x + 1, total), c(function, x + 2, total), d(function, x + 3, total) {}
};

} // namespace

extern "C" {

NOIPA u64 way_throw_constructed(u64 x)
{
    ENTER();
    u64 sum = 0;
    try {
        Whole whole(trail_at_, x, &sum);
        sum += 1000;
    } catch (const Other &e) {
        BACK();
        sum += e.value;
    }
    LEAVE();
    return sum;
}

NOIPA u64 way_throw_noexcept(u64 x) noexcept
{
    ENTER();
    u64 r = way_throw_catch(6, x);
    LEAVE();
    return r;
}

NOIPA u64 way_throw_past_c(u64 x)
{
    ENTER();
    u64 r;
    try {
        r = way_throw_foreign(way_throw_start, x);
    } catch (const Thrown &e) {
        BACK();
        r = e.value;
    }
    LEAVE();
    return r;
}

static NOIPA int way_throw_compare(const void *a, const void *b)
{
    ENTER();
    int order = *(const int *)a - *(const int *)b;
    if (!order)
        throw Other{(u64) * (const int *)a};
    LEAVE();
    return order;
}

NOIPA u64 way_throw_past_libc(u64 x)
{
    ENTER();
    int numbers[8] = {9, 2, 7, (int)(x % 3), 5, 8, 1, 3};
    u64 r = 0;
    try {
        qsort(numbers, 8, sizeof *numbers, way_throw_compare);
        r = (u64)numbers[0];
    } catch (const Other &e) {
        BACK();
        r = 100 + e.value;
    }
    LEAVE();
    return r;
}

/* An exception that is thrown and caught while another one unwinds. */
NOIPA u64 way_throw_nested(u64 x)
{
    struct Nested {
        u64 at, x, *sum;
        __attribute__((always_inline)) ~Nested()
        {
            trail_back(at);
            *sum += way_throw_catch(3, x) + (u64)std::uncaught_exceptions();
        }
    };
    ENTER();
    u64 sum = 0;
    try {
        Nested nested{trail_at_, x, &sum};
        way_throw_down(4, x);
    } catch (const Thrown &e) {
        BACK();
        sum += e.value;
    }
    LEAVE();
    return sum;
}

NOIPA void way_throw_thread(u64 x, std::exception_ptr *caught)
{
    ENTER();
    try {
        way_throw_down(12, x);
    } catch (...) {
        BACK();
        *caught = std::current_exception();
    }
    LEAVE();
}

/* The thread's trail is its maker's, who waits for it. */
NOIPA u64 way_throw_from_thread(u64 x)
{
    ENTER();
    std::exception_ptr caught;
    u64 *row = trail_row, r = 0;
    std::thread thread([x, row, &caught] {
        trail_row = row;
        way_throw_thread(x, &caught);
    });
    thread.join();
    try {
        std::rethrow_exception(caught);
    } catch (const Thrown &e) {
        BACK();
        r = e.value;
    }
    LEAVE();
    return r;
}

NOIPA u64 way_throw_round(u64 x)
{
    ENTER();
    u64 r = way_throw_catch(40, x);
    CHECK(r == 40 + x + 3 * x);
    r = r * 7 + way_throw_rethrown(x);
    r = r * 7 + way_throw_constructed(x);
    r = r * 7 + way_throw_noexcept(x);
    u64 past = way_throw_past_c(x);
    CHECK(past == x + x % 5);
    r = r * 7 + past;
    r = r * 7 + way_throw_past_libc(x);
    r = r * 7 + way_throw_nested(x);
    if (x % 8 == 0)
        r = r * 7 + way_throw_from_thread(x);
    LEAVE();
    return r;
}

} // extern "C"

/* Programs that leave, switch and interrupt calls in every way that is allowed, and log what they do: the oracle of tests/.../Harmless.
 *
 * A traced function is called way_* (or silent_*, where it can't say anything). It says when it is entered and when it returns; one that catches what was thrown, or is jumped back to, says
 * that the calls below it are gone. A trail is a row of the control page's matrix: word 0 the words in use, word 1 whether it is full, then
 * pairs: thread id << 32 | depth << 1 | 1 where the call returns, 0 where it begins; an address in the function. Depths count the calls on one stack.
 */
#ifndef CALLTAP_HARM_H
#define CALLTAP_HARM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;

#ifdef __cplusplus
extern "C" {
#endif

#define NOIPA __attribute__((noipa))
#define ENTER() const volatile u64 trail_at_ = trail_enter()
#define LEAVE() trail_leave(trail_at_)
#define BACK() trail_back(trail_at_)

/* A result that must hold whoever looks on. */
#define CHECK(right) do { if (!(right)) harm_fail(__FILE__, __LINE__); } while (0)

enum { TRAIL_WORDS = 1 << 16, TRAIL_MARGIN = 1 << 13 };

extern __thread u64 *trail_row; /* NULL: no trail is kept */
extern __thread u32 trail_depth;
extern __thread u32 trail_tid;

u64 trail_enter(void);
void trail_leave(u64 at);
void trail_back(u64 at);
void harm_fail(const char *file, int line);
__attribute__((noreturn)) void harm_die(const char *what, const char *name);
void *harm_far_stack(size_t size);

/* One round each; what it returns depends on the argument alone. */
u64 way_throw_round(u64 x);
u64 way_leap_round(u64 x);
u64 way_switch_round(u64 x);
u64 way_signal_round(u64 x);
u64 way_timer_round(u64 x);
u64 way_thread_round(u64 x);
u64 silent_cancel_round(u64 x);
u64 way_frame_round(u64 x);

/* A frame of C between those of C++. */
u64 way_throw_foreign(u64 (*callee)(u64), u64 x);

#ifdef __cplusplus
}
#endif
#endif

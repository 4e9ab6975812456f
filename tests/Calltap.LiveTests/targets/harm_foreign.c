/* Frames of C, which know nothing of exceptions. */
#include "harm.h"

NOIPA u64 way_throw_foreign(u64 (*callee)(u64), u64 x)
{
    ENTER();
    u64 r = callee(x) + 1;
    LEAVE();
    return r;
}

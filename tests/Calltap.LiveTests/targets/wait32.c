/* Waits to be killed, without a C library, so that it can be built with -m32 anywhere. */
void _start(void);
void _start(void)
{
    enum { PAUSE = 29 }; /* its number for 32-bit programs */
    for (;;)
        __asm__ volatile("int $0x80" : : "a"(PAUSE) : "memory");
}

/* A program that loads a library and takes it down again while its functions change: unmaps CONTROL-FILE 0. The library is CONTROL-FILE.so.
 * Every command sets results[0].
 * 1 loads the library (result: 0 when it could)
 * 2 takes it down (dlclose; result: its own)
 * 3 the same, and maps memory of its own in its place (result: 0 when it could)
 * 4 tells how many bytes of that memory are not as it left them, and unmaps it
 * 5 calls the library's functions (result: theirs)
 */
#include "control.h"
#include <dlfcn.h>
#include <link.h>

enum { PATTERN = 0x5a };

static void *library;
static char *text;
static size_t text_size;

static int find_text(struct dl_phdr_info *info, size_t size, void *name)
{
    (void)size;
    if (strcmp(info->dlpi_name, (const char *)name))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            text = (char *)(info->dlpi_addr + (info->dlpi_phdr[i].p_vaddr & ~4095ul));
            text_size = (info->dlpi_phdr[i].p_memsz + 4095) & ~4095ul;
        }
    return 1;
}

static u64 load(const char *name)
{
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    return !library || !dl_iterate_phdr(find_text, (void *)name);
}

static u64 take_down(void)
{
    return (u64)dlclose(library);
}

static u64 replace(void)
{
    if (take_down())
        return 1;
    if (mmap(text, text_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != text)
        return 2;
    memset(text, PATTERN, text_size);
    return 0;
}

static u64 check(void)
{
    u64 others = 0;
    for (size_t i = 0; i < text_size; i++)
        others += text[i] != PATTERN;
    munmap(text, text_size);
    return others;
}

static u64 call(void)
{
    return ((u64(*)(u64))dlsym(library, "library_root"))(3);
}

u64 own_leaf(u64 x);
__attribute__((noipa)) u64 own_leaf(u64 x)
{
    return x % 3 ? x * 5 + 1 : x + 7;
}

int main(int argc, char **argv)
{
    char name[4096];
    struct control_life life;
    int kind;
    if (argc != 3)
        return 64;
    struct control *control = control_open(argv[1], 0, 0);
    snprintf(name, sizeof name, "%s.so", argv[1]);
    control_live(&life, control, 900);
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        control->results[0] = kind == 1 ? load(name) : kind == 2 ? take_down() : kind == 3 ? replace() : kind == 4 ? check() : call();
        control->results[1] += own_leaf(2) != 11;
        control_answer(&life);
    }
    return control->results[1] != 0;
}

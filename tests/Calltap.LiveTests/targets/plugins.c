/* A program that loads and unloads libraries under load: plugins CONTROL-FILE THREADS. Each thread calls own_leaf without a pause.
 * The libraries are CONTROL-FILE.so and, as the second of two arguments says, CONTROL-FILE.1.so and so on. Every command sets results[0].
 * 1 loads library argument[0] (result: 0 when it could; results[1]: the TSC when dlopen had returned)
 * 2 unloads it
 * 3 calls plugin_root argument[0] times
 * 4 loads it, calls plugin_root every ten microseconds until the tester sets work to 1, unloads it (results[1]: as 1)
 * 5 does argument[0] rounds of: load, call some times, unload, put memory of its own in its place, look whether that is as it was left
 *   (result: bytes that were not; results[1]: rounds at the same address as the one before)
 * 6 unloads it and loads it again without a pause (result: 0 when it is at the same address)
 * 7 puts memory of its own where its text was (argument[0] = 1), or takes it away (result: bytes that are not as they were left)
 * 8 maps library 0 without the dynamic linker (result: 0 when it could)
 * 9 loads library 0 once more, in a namespace of its own (result: 0 when it could)
 * 10 calls plugin_root of that argument[0] times
 * 11 unloads that
 * 12 keeps argument[0] on the stack of a thread that sleeps, until it is told another; 0 for none
 */
#include "control.h"
#include <dlfcn.h>
#include <link.h>

enum { PATTERN = 0x5a };

static struct control *control;
static struct control_life life;
static u64 (*root)(u64);
static void *library;
static char *text, *blocker, *blocked;
static size_t text_size;
static int ending;

u64 own_leaf(u64 x);
__attribute__((noipa)) u64 own_leaf(u64 x)
{
    return x % 3 ? x * 5 + 1 : x + 7;
}

static void *load_thread(void *argument)
{
    struct control_thread *t = control_thread_at(control, (u32)(size_t)argument);
    t->tid = (u64)syscall(SYS_gettid);
    while (!__atomic_load_n(&ending, __ATOMIC_RELAXED)) {
        for (int i = 0; i < 100; i++)
            t->wrong += own_leaf(2) != 11;
        t->calls += 100;
    }
    return NULL;
}

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

static char name[2][4096];

static u64 load(u64 which)
{
    library = dlopen(name[which], RTLD_NOW | RTLD_LOCAL);
    control->results[1] = __rdtsc();
    root = library ? (u64(*)(u64))dlsym(library, "plugin_root") : NULL;
    return !root || !dl_iterate_phdr(find_text, name[which]);
}

static u64 call_of(u64 (*function)(u64), u64 times)
{
    for (u64 i = 0; i < times; i++)
        control->results[3] += function(i) != 4 * i + 6;
    return 0;
}

static u64 call(u64 times)
{
    return call_of(root, times);
}

static void *other;
static u64 (*other_root)(u64);

static u64 load_other(void)
{
    other = dlmopen(LM_ID_NEWLM, name[0], RTLD_NOW);
    other_root = other ? (u64(*)(u64))dlsym(other, "plugin_root") : NULL;
    return !other_root || other_root == root;
}

static void pause_us(u64 us)
{
    u64 until = __rdtsc() + control->tsc_hz / 1000000 * us;
    while (__rdtsc() < until)
        __builtin_ia32_pause();
}

static u64 visit(u64 which)
{
    if (load(which))
        return 1;
    while (!__atomic_load_n(&control->work, __ATOMIC_RELAXED)) {
        call(1);
        pause_us(10);
    }
    return (u64)dlclose(library);
}

/* Memory of the program's own where the library's text was, for some time; then the place is free again. */
static u64 occupy(unsigned *seed)
{
    u64 others = 0;
    if (mmap(text, text_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != text)
        return 0;
    memset(text, PATTERN, text_size);
    pause_us((u64)rand_r(seed) % 1500);
    for (size_t i = 0; i < text_size; i++)
        others += text[i] != PATTERN;
    munmap(text, text_size);
    return others;
}

static u64 rounds(u64 count)
{
    u64 others = 0, same = 0;
    unsigned seed = 1;
    char *before = NULL;
    for (u64 i = 0; i < count; i++) {
        if (load(0))
            return ~0ull;
        same += text == before;
        before = text;
        for (int n = rand_r(&seed) % (i % 4 ? 40 : 600); n > 0; n--) {
            call(1);
            pause_us((u64)rand_r(&seed) % 100);
        }
        if (dlclose(library))
            return ~0ull;
        if (i % 4 == 0)
            others += occupy(&seed);
        if (i % 64 == 63) /* now and then it has to go elsewhere */
            blocker = mmap(text, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        else if (i % 64 == 31 && blocker)
            munmap(blocker, 4096);
    }
    control->results[1] = same;
    return others;
}

static u64 block(u64 on)
{
    u64 others = 0;
    if (on) {
        blocked = mmap(text, text_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (blocked != text)
            return ~0ull;
        memset(text, PATTERN, text_size);
        return 0;
    }
    for (size_t i = 0; i < text_size; i++)
        others += blocked[i] != PATTERN;
    munmap(blocked, text_size);
    return others;
}

/* No relocation is made: plugin_root needs none. */
static u64 map_by_hand(void)
{
    ElfW(Ehdr) header;
    ElfW(Phdr) segments[16];
    int fd = open(name[0], O_RDONLY | O_CLOEXEC);
    Dl_info info;
    if (load(0) || !dladdr((void *)root, &info))
        return 1;
    size_t offset = (size_t)((char *)root - (char *)info.dli_fbase);
    if (dlclose(library) || pread(fd, &header, sizeof header, 0) != sizeof header || header.e_phnum > 16)
        return 2;
    if (pread(fd, segments, sizeof *segments * header.e_phnum, (off_t)header.e_phoff) < 0)
        return 3;
    char *base = mmap(NULL, 1 << 24, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) *s = &segments[i];
        int protection = (s->p_flags & PF_R ? PROT_READ : 0) | (s->p_flags & PF_W ? PROT_WRITE : 0) | (s->p_flags & PF_X ? PROT_EXEC : 0);
        size_t start = s->p_vaddr & ~4095ul, skip = s->p_vaddr - start;
        if (s->p_type == PT_LOAD && mmap(base + start, s->p_filesz + skip, protection, MAP_PRIVATE | MAP_FIXED, fd, (off_t)(s->p_offset - skip)) == MAP_FAILED)
            return 4;
    }
    close(fd);
    root = (u64(*)(u64))(base + offset);
    return 0;
}

static u64 again(u64 which)
{
    char *before = text;
    return dlclose(library) || load(which) || text != before;
}

static volatile u64 kept;

/* Waits for each change in a frame that holds the word: what looks at the stack finds it. */
static void *keep_thread(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&ending, __ATOMIC_RELAXED)) {
        volatile u64 word = kept;
        while (word == kept && !__atomic_load_n(&ending, __ATOMIC_RELAXED))
            usleep(1000);
        word = 0;
    }
    return NULL;
}

static u64 keep(u64 word)
{
    static pthread_t keeper;
    kept = word;
    if (!keeper)
        return (u64)pthread_create(&keeper, NULL, keep_thread, NULL);
    usleep(20000);
    return 0;
}

static u64 run(int kind, u64 first)
{
    switch (kind) {
    case 1: return load(first);
    case 2: return (u64)dlclose(library);
    case 3: return call(first);
    case 4: return visit(first);
    case 5: return rounds(first);
    case 6: return again(first);
    case 7: return block(first);
    case 8: return map_by_hand();
    case 9: return load_other();
    case 10: return call_of(other_root, first);
    case 11: return (u64)dlclose(other);
    default: return keep(first);
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[CONTROL_THREADS_MAX];
    int kind;
    if (argc != 3)
        return 64;
    control = control_open(argv[1], (u32)atoi(argv[2]), 0);
    snprintf(name[0], sizeof name[0], "%.4000s.so", argv[1]);
    snprintf(name[1], sizeof name[1], "%.4000s.1.so", argv[1]);
    control_live(&life, control, 900);
    for (u32 i = 0; i < control->threads; i++)
        if (pthread_create(&threads[i], NULL, load_thread, (void *)(size_t)i))
            control_die("cannot start", "thread");
    __atomic_store_n(&control->ready, 1, __ATOMIC_RELEASE);
    while ((kind = control_next(&life)) > 0) {
        control->results[0] = run(kind, control->argument[0]);
        control_answer(&life);
    }
    ending = 1;
    for (u32 i = 0; i < control->threads; i++)
        pthread_join(threads[i], NULL);
    return control_wrong(control) || control->results[3];
}

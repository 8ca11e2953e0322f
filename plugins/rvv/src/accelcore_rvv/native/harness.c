/* The program that a kernel is linked into: it is asked on standard input to run the kernel once, over and over.

   A request is 64-bit words, little-endian:

       number of the kernel, number of arguments; for each argument its kind (0 value, 1 read, 2 written) and
           value:   the word that is passed
           pointer: offset of the array in its pages, bytes of the pages, then these bytes
       number of sizes; the sizes (for the kernel's workspace)

   The pages lie between inaccessible ones, at the same addresses for as long as they are large enough; what is read only
   cannot be written.  The answer is a mark, what the kernel returned, and the bytes of the pages of what is written.

   ac_rv_call and ac_rv_workspace are generated.  While the kernel runs, the emulator's plugin allows no system
   call but those for memory. */

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define AC_RV_MOST 64
#define AC_RV_PAGE 4096

struct ac_rv_slot {
    char *base;
    uint64_t room;
};

static struct ac_rv_slot ac_rv_slots[AC_RV_MOST];
static struct ac_rv_slot ac_rv_scratch;

static int ac_rv_call(uint64_t number, const uint64_t *words, void *workspace);
static int64_t ac_rv_workspace(uint64_t number, const uint64_t *sizes);

/* The plugin starts and stops counting where these two are entered. */
static __attribute__((noinline)) void ac_rv_begin(void) { __asm__ volatile("" ::: "memory"); }
static __attribute__((noinline)) void ac_rv_end(void) { __asm__ volatile("" ::: "memory"); }

static __attribute__((noinline)) void ac_rv_read(void *to, uint64_t count) {
    for (char *p = to; count;) {
        ssize_t got = read(0, p, count);
        if (got <= 0) _exit(0);
        p += got;
        count -= (uint64_t)got;
    }
}

static __attribute__((noinline)) void ac_rv_write(const void *from, uint64_t count) {
    for (const char *p = from; count;) {
        ssize_t put = write(1, p, count);
        if (put <= 0) _exit(0);
        p += put;
        count -= (uint64_t)put;
    }
}

static uint64_t ac_rv_word(void) {
    uint64_t word;
    ac_rv_read(&word, sizeof word);
    return word;
}

static __attribute__((noinline)) char *ac_rv_pages(struct ac_rv_slot *slot, uint64_t room) {
    if (slot->room < room) {
        if (slot->base) munmap(slot->base - AC_RV_PAGE, slot->room + 2 * AC_RV_PAGE);
        char *all = mmap(NULL, room + 2 * AC_RV_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED) _exit(98);
        slot->base = all + AC_RV_PAGE;
        slot->room = room;
    }
    mprotect(slot->base, slot->room, PROT_NONE);
    /* Flush against the upper guard page. */
    char *start = slot->base + (slot->room - room);
    mprotect(start, room, PROT_READ | PROT_WRITE);
    return start;
}

static __attribute__((noinline)) void *ac_rv_room(uint64_t number, const uint64_t *sizes) {
    int64_t wanted = ac_rv_workspace(number, sizes);
    if (wanted < 0) _exit(96);
    return ac_rv_pages(&ac_rv_scratch, ((uint64_t)wanted / AC_RV_PAGE + 1) * AC_RV_PAGE);
}

/* The sandbox does not let the emulator end itself by a signal, so the program ends with a code that tells which. */
static void ac_rv_fault(int number) { _exit(64 + number); }

static __attribute__((noinline)) void ac_rv_guard(void) {
    static char stack[1 << 14];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&other, NULL);
    struct sigaction action = {.sa_handler = ac_rv_fault, .sa_flags = SA_ONSTACK};
    const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
    for (unsigned at = 0; at < sizeof numbers / sizeof *numbers; ++at) sigaction(numbers[at], &action, NULL);
}

int main(void) {
    ac_rv_guard();
    for (;;) {
        uint64_t words[AC_RV_MOST], kinds[AC_RV_MOST], rooms[AC_RV_MOST], sizes[AC_RV_MOST];
        char *starts[AC_RV_MOST];
        uint64_t number = ac_rv_word(), count = ac_rv_word();
        if (count > AC_RV_MOST) _exit(98);
        for (uint64_t at = 0; at < count; ++at) {
            kinds[at] = ac_rv_word();
            uint64_t first = ac_rv_word();
            if (!kinds[at]) {
                words[at] = first;
                continue;
            }
            rooms[at] = ac_rv_word();
            starts[at] = ac_rv_pages(&ac_rv_slots[at], rooms[at]);
            ac_rv_read(starts[at], rooms[at]);
            if (kinds[at] == 1) mprotect(starts[at], rooms[at], PROT_READ);
            words[at] = (uint64_t)(uintptr_t)(starts[at] + first);
        }
        uint64_t extents = ac_rv_word();
        if (extents > AC_RV_MOST) _exit(98);
        for (uint64_t at = 0; at < extents; ++at) sizes[at] = ac_rv_word();
        void *workspace = ac_rv_room(number, sizes);
        ac_rv_begin();
        int64_t code = ac_rv_call(number, words, workspace);
        ac_rv_end();
        uint64_t answer[2] = {0x414352454c505952, (uint64_t)code};
        ac_rv_write(answer, sizeof answer);
        for (uint64_t at = 0; at < count; ++at)
            if (kinds[at] == 2) ac_rv_write(starts[at], rooms[at]);
    }
}

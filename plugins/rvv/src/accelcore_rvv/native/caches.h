/* Two levels of data cache, from the addresses alone: set-associative, the least recently used line goes, a write fetches
   its line like a read.  Both are empty when counting begins.  Nothing is fetched ahead, nothing overlaps, and writing
   lines back costs nothing.

   Pages are numbered by first use and these numbers stand for their addresses, as if the system had handed out memory in
   order: so where a program's arrays happen to lie does not change the counts. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_BITS = 12 };

struct cache {
    uint64_t sets, ways, *lines; /* lines[set * ways + k]: k is how long ago it was used; 0 is none, else line + 1 */
};

static struct cache first, second;
static unsigned line_bits;

/* Open addressing: page + 1 and its number; capacity is a power of two, at most half of it in use. */
static struct page {
    uint64_t name, number;
} *pages;
static uint64_t room, known;

static void *zeros(uint64_t count, uint64_t size) {
    void *made = calloc(count, size);
    if (!made) _exit(98);
    return made;
}

static struct page *place_of(struct page *table, uint64_t capacity, uint64_t name) {
    uint64_t at = (name * 0x9e3779b97f4a7c15u >> 20) & (capacity - 1);
    while (table[at].name && table[at].name != name) at = (at + 1) & (capacity - 1);
    return &table[at];
}

static uint64_t page_number(uint64_t page) {
    struct page *found = place_of(pages, room, page + 1);
    if (found->name) return found->number;
    *found = (struct page){page + 1, known};
    if (2 * ++known > room) {
        struct page *larger = zeros(2 * room, sizeof *larger);
        for (uint64_t at = 0; at < room; ++at)
            if (pages[at].name) *place_of(larger, 2 * room, pages[at].name) = pages[at];
        free(pages);
        pages = larger;
        room *= 2;
    }
    return known - 1;
}

/* Whether the line was there; it is now, and in front. */
static bool held(struct cache *cache, uint64_t line) {
    uint64_t *set = cache->lines + line % cache->sets * cache->ways, at = 0;
    while (at + 1 < cache->ways && set[at] != line + 1) ++at;
    bool found = set[at] == line + 1;
    memmove(set + 1, set, at * sizeof *set);
    set[0] = line + 1;
    return found;
}

static void caches_emptied(void) {
    memset(first.lines, 0, first.sets * first.ways * sizeof *first.lines);
    memset(second.lines, 0, second.sets * second.ways * sizeof *second.lines);
    memset(pages, 0, room * sizeof *pages);
    known = 0;
}

/* One access of some bytes: misses[0] counts lines that the first level lacks, misses[1] those that the second lacks. */
static void caches_accessed(uint64_t address, uint64_t bytes, uint64_t misses[2]) {
    for (uint64_t line = address >> line_bits; line <= (address + bytes - 1) >> line_bits; ++line) {
        unsigned inside = PAGE_BITS - line_bits;
        uint64_t real = page_number(line >> inside) << inside | (line & ((1u << inside) - 1));
        if (held(&first, real)) continue;
        ++misses[0];
        misses[1] += !held(&second, real);
    }
}

/* From LINE:SETS:WAYS:SETS:WAYS, a line in bytes. */
static bool caches_made(const char *text) {
    unsigned long line, sets[2], ways[2];
    if (sscanf(text, "%lu:%lu:%lu:%lu:%lu", &line, &sets[0], &ways[0], &sets[1], &ways[1]) != 5) return false;
    while (1ul << line_bits < line) ++line_bits;
    if (line_bits > PAGE_BITS || !sets[0] || !sets[1] || !ways[0] || !ways[1]) return false;
    first = (struct cache){sets[0], ways[0], zeros(sets[0] * ways[0], sizeof(uint64_t))};
    second = (struct cache){sets[1], ways[1], zeros(sets[1] * ways[1], sizeof(uint64_t))};
    room = 1 << 12;
    pages = zeros(room, sizeof *pages);
    return true;
}

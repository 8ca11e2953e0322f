/* What a program's own accesses and its DMA may not do: read results before a fence, write past the end of an array.
 *
 * The compiler calls the __asan_ functions at the program's loads and stores (outlined instrumentation without a runtime of
 * its own).  Rows on their way to memory are kept until the next fence; the host's loads are compared with them.  Arrays of
 * the program are read from the symbols of its executable.
 */
#if defined(__linux__)
#include <elf.h>
#include <link.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "watch.h"

enum { ROWS = 1 << 16 };

typedef struct { uint64_t low, high, stride; int32_t rows, line; } pending_store;
typedef struct { uint64_t low, high; char name[48]; } object;

static struct {
    pending_store stores[ROWS];
    int count, early_line;
    uint64_t low, high, early_address;
    int64_t early;
    object *objects;
    int64_t object_count;
} watch;

void gm_watch_store(uint64_t address, uint64_t bytes, int64_t stride, int32_t rows, int32_t line) {
    if (watch.count == ROWS || rows < 1 || !bytes) return;
    watch.stores[watch.count++] = (pending_store){address, address + bytes, (uint64_t)stride, rows, line};
    uint64_t last = address + bytes + (uint64_t)(stride * (rows - 1));
    if (watch.count == 1 || address < watch.low) watch.low = address;
    if (watch.count == 1 || last > watch.high) watch.high = last;
}

void gm_watch_fence(void) { watch.count = 0, watch.low = watch.high = 0; }

int64_t gm_watch_early(int32_t *line, uint64_t *address) {
    *line = watch.early_line, *address = watch.early_address;
    return watch.early;
}

/* A load of the host: the first of those that come too early is remembered. */
static void loaded(uint64_t at) {
    if (at < watch.low || at >= watch.high || watch.early) return;
    for (int i = 0; i < watch.count; i++) {
        const pending_store *s = &watch.stores[i];
        uint64_t row = s->stride && at >= s->low ? (at - s->low) / s->stride : 0;
        if (row >= (uint64_t)s->rows) row = (uint64_t)s->rows - 1;
        if (at < s->low + row * s->stride || at >= s->high + row * s->stride) continue;
        watch.early = 1, watch.early_line = s->line, watch.early_address = at;
        return;
    }
}

#define LOADS(size) \
    void __asan_load##size##_noabort(uint64_t at) { loaded(at); } \
    void __asan_store##size##_noabort(uint64_t at) { (void)at; }
LOADS(1) LOADS(2) LOADS(4) LOADS(8) LOADS(16)
void __asan_loadN_noabort(uint64_t at, uint64_t size) { (void)size, loaded(at); }
void __asan_storeN_noabort(uint64_t at, uint64_t size) { (void)at, (void)size; }
void __asan_handle_no_return(void) {}
void *__asan_memcpy(void *to, const void *from, size_t n) { loaded((uintptr_t)from); return memcpy(to, from, n); }
void *__asan_memmove(void *to, const void *from, size_t n) { loaded((uintptr_t)from); return memmove(to, from, n); }
void *__asan_memset(void *to, int value, size_t n) { return memset(to, value, n); }

#if defined(__linux__)
static int by_address(const void *a, const void *b) {
    const object *x = a, *y = b;
    return x->low < y->low ? -1 : x->low > y->low;
}

static int main_program(struct dl_phdr_info *info, size_t size, void *bias) {
    (void)size;
    *(uint64_t *)bias = info->dlpi_addr;
    return 1; /* the first is the executable */
}

static char *whole_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    char *text = length > 0 ? malloc((size_t)length) : NULL;
    rewind(file);
    if (text && fread(text, 1, (size_t)length, file) != (size_t)length) free(text), text = NULL;
    fclose(file);
    *size = text ? (size_t)length : 0;
    return text;
}

static void take_symbols(const char *text, const ElfW(Shdr) *sections, const ElfW(Shdr) *table, uint64_t bias) {
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)(const void *)(text + table->sh_offset);
    const char *names = text + sections[table->sh_link].sh_offset;
    size_t count = table->sh_size / sizeof *symbols;
    watch.objects = calloc(count ? count : 1, sizeof *watch.objects);
    for (size_t i = 0; watch.objects && i < count; i++) {
        if ((symbols[i].st_info & 15) != STT_OBJECT || !symbols[i].st_size || symbols[i].st_shndx == SHN_UNDEF) continue;
        object *o = &watch.objects[watch.object_count++];
        o->low = bias + symbols[i].st_value, o->high = o->low + symbols[i].st_size;
        strncpy(o->name, names + symbols[i].st_name, sizeof o->name - 1);
    }
    qsort(watch.objects, (size_t)watch.object_count, sizeof *watch.objects, by_address);
}

void gm_watch_symbols(void) {
    size_t size;
    uint64_t bias = 0;
    char *text = whole_file("/proc/self/exe", &size);
    if (!text) return;
    const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)(const void *)text;
    const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(const void *)(text + head->e_shoff);
    dl_iterate_phdr(main_program, &bias);
    for (int i = 0; head->e_shoff && head->e_shoff < size && i < head->e_shnum && !watch.objects; i++)
        if (sections[i].sh_type == SHT_SYMTAB) take_symbols(text, sections, &sections[i], bias);
    free(text);
}
#else
void gm_watch_symbols(void) {}
#endif

const char *gm_watch_overrun(uint64_t first, uint64_t address, uint64_t bytes) {
    int64_t low = 0, high = watch.object_count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (watch.objects[middle].low <= first) low = middle + 1;
        else high = middle;
    }
    const object *o = low ? &watch.objects[low - 1] : NULL;
    if (!o || first >= o->high) return NULL;
    return address < o->low || address + bytes > o->high ? o->name : NULL;
}

/* A plugin of qemu-user: how often each translated block ran between two addresses, and which system calls were made.

   Options: begin=ADDRESS end=ADDRESS [whole=1] [caches=LINE:SETS:WAYS:SETS:WAYS].  Between entering `begin` and entering
   `end` blocks are counted and only system calls for memory are allowed (another one ends the process with code 97).  At
   `end` a record is written to standard output: a mark, the number of blocks, then for each its address, its bytes, its
   count, and its misses in two levels of cache (0 unless caches= asks for them, see caches.h), as 64-bit words.
   With whole=1 everything counts, nothing is forbidden, and the record goes to the file of the option out= at the end.

   The declarations are those of the plugin interface, version 1, of qemu's documentation (TCG plugins). */

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint32_t qemu_plugin_meminfo_t;
enum { INLINE_ADD_U64 = 0, NO_REGISTERS = 0, READS_AND_WRITES = 3 };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *,
                                      void (*)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *), int, int, void *);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t);
void qemu_plugin_register_vcpu_syscall_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);

EXPORT int qemu_plugin_version = 1;

struct block {
    struct block *next, *same;
    uint64_t address, bytes, count, before, misses[2];
};

enum { BUCKETS = 1 << 14, MARK = 0x434f554e54 };
static struct block *all, *buckets[BUCKETS];
static uint64_t begin, end;
static int inside, whole, faulted, cached;
static const char *out;

/* Blocks are translated again when their code was flushed: the counter of the same address and length goes on. */
static struct block *block_at(uint64_t address, uint64_t bytes) {
    struct block **bucket = &buckets[(address >> 1) % BUCKETS];
    for (struct block *one = *bucket; one; one = one->same)
        if (one->address == address && one->bytes == bytes) return one;
    struct block *made = calloc(1, sizeof *made);
    if (!made) _exit(98);
    made->address = address;
    made->bytes = bytes;
    made->next = all;
    made->same = *bucket;
    return all = *bucket = made;
}

static void put(FILE *file) {
    uint64_t number = 0;
    for (struct block *one = all; one; one = one->next) number += one->count != one->before;
    uint64_t head[2] = {MARK, number};
    fwrite(head, sizeof head, 1, file);
    for (struct block *one = all; one; one = one->next) {
        uint64_t row[5] = {one->address, one->bytes, one->count - one->before, one->misses[0], one->misses[1]};
        if (row[2]) fwrite(row, sizeof row, 1, file);
    }
    fflush(file);
}

static void entered_begin(unsigned cpu, void *unused) {
    (void)cpu, (void)unused;
    inside = 1;
    for (struct block *one = all; one; one = one->next) {
        one->before = one->count;
        one->misses[0] = one->misses[1] = 0;
    }
    if (cached) caches_emptied();
}

static void entered_end(unsigned cpu, void *unused) {
    (void)cpu, (void)unused;
    inside = 0;
    put(stdout);
}

static void accessed(unsigned cpu, qemu_plugin_meminfo_t what, uint64_t address, void *block) {
    (void)cpu;
    if (inside || whole) caches_accessed(address, 1u << qemu_plugin_mem_size_shift(what), ((struct block *)block)->misses);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(tb);
    struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, count - 1);
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    uint64_t bytes = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last) - address;
    struct block *one = block_at(address, bytes);
    if (address == begin && !whole)
        qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, 0), entered_begin, NO_REGISTERS, NULL);
    if (address == end && !whole)
        qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, 0), entered_end, NO_REGISTERS, NULL);
    for (size_t at = 0; cached && at < count; ++at)
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, at), accessed, NO_REGISTERS, READS_AND_WRITES, one);
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &one->count, 1);
}

/* Numbers of riscv64 Linux: brk, munmap, mremap, mmap, mprotect, madvise. */
static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                   uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id, (void)cpu, (void)a2, (void)a3, (void)a4, (void)a6, (void)a7, (void)a8;
    if (!inside) return;
    faulted = number == 94 && a1 > 64 && a1 < 96; /* exit_group of the harness's handler of signals */
    int allowed = faulted || number == 214 || number == 215 || number == 216 || (number == 222 && (int32_t)a5 == -1) ||
                  number == 226 || number == 233;
    if (!allowed) _exit(97);
}

static void finished(qemu_plugin_id_t id, void *unused) {
    (void)id, (void)unused;
    if (inside && !faulted) _exit(97); /* the kernel ended the process */
    FILE *file = whole && out ? fopen(out, "wb") : NULL;
    if (!file) return;
    put(file);
    fclose(file);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv) {
    (void)info;
    for (int at = 0; at < argc; ++at) {
        if (!strncmp(argv[at], "begin=", 6)) begin = strtoull(argv[at] + 6, NULL, 0);
        if (!strncmp(argv[at], "end=", 4)) end = strtoull(argv[at] + 4, NULL, 0);
        if (!strncmp(argv[at], "whole=", 6)) whole = 1;
        if (!strncmp(argv[at], "out=", 4)) out = strdup(argv[at] + 4);
        if (!strncmp(argv[at], "caches=", 7) && !(cached = caches_made(argv[at] + 7))) return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    if (!whole) qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}

/* See runtime.h.  Commands take effect when they are issued and are logged for the parent, which times the log again.
 *
 * Environment: ACCELCORE_GEMMINI_CONFIG has the words of gm_config; ACCELCORE_GEMMINI_LOG names the file of the log.
 * A command that breaks a rule ends the process with status 70 and the reason on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "runtime.h"
#include "timing.h"
#include "watch.h"

/* The price of the host's work, GM_HOST_CYCLES_PER_BLOCK beyond GM_HOST_FREE_BLOCKS, is config.py's. */
enum { EXIT_RULE = 70, FENCE_IDLE = 12 };

static struct {
    gm_machine *machine;
    FILE *log;
    int64_t base, read;      /* cycle at the end of the last fence; the last one that the program was told */
    int64_t timed, now, idle; /* operations since that fence that have been timed; host's clock after them; all idle */
    uint64_t counted;        /* blocks before the last command */
    int64_t before[GM_COUNTERS], since[GM_COUNTERS]; /* what was counted until that fence, and by the timed operations after it */
} host;

uint64_t gemmini_host_blocks; /* basic blocks that the program has executed */

/* Modelled host cycles since the last command. */
static int64_t host_work(void) {
    uint64_t blocks = gemmini_host_blocks - host.counted;
    return blocks > GM_HOST_FREE_BLOCKS ? (int64_t)(blocks - GM_HOST_FREE_BLOCKS) * GM_HOST_CYCLES_PER_BLOCK : 0;
}

/* Called at every basic block of a program that was compiled with -fsanitize-coverage=trace-pc. */
void __sanitizer_cov_trace_pc(void) { gemmini_host_blocks++; }

/* The process's mappings become the memory that DMA may touch; adjacent ones with equal rights are one. */
static int map_memory(gm_machine *m) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char text[512], rights[8];
    unsigned long long low, high;
    m->area_count = 0;
    while (maps && fgets(text, sizeof text, maps)) {
        if (sscanf(text, "%llx-%llx %7s", &low, &high, rights) != 3 || rights[0] != 'r' || strstr(text, "[v")) continue;
        gm_area *last = m->area_count ? &m->areas[m->area_count - 1] : NULL;
        int writable = rights[1] == 'w';
        if (last && last->base + last->bytes == low && last->writable == writable) last->bytes += high - low;
        else gm_region(m, low, high - low, (void *)(uintptr_t)low, writable);
    }
    if (maps) fclose(maps);
    else gm_region(m, 0, UINT64_MAX, NULL, 1); /* no list of mappings here: accesses go unchecked */
    m->last_area = 0;
    return m->area_count;
}

/* The last records: what went wrong, and how much the host did.  rule: what the last command broke, or RULE_NONE. */
static void close_log(int rule) {
    if (!host.log) return;
    gm_call broken = {.word = GM_BROKEN_WORD, .rs1 = (uint64_t)rule}, early = {.word = GM_EARLY_WORD};
    gm_call blocks = {.word = GM_BLOCKS_WORD, .rs1 = gemmini_host_blocks, .host_cycles = host_work()};
    int32_t line;
    if (rule != RULE_NONE) fwrite(&broken, sizeof broken, 1, host.log);
    if (gm_watch_early(&line, &early.rs1)) {
        early.word |= (uint64_t)(uint32_t)line << 32;
        fwrite(&early, sizeof early, 1, host.log);
    }
    fwrite(&blocks, sizeof blocks, 1, host.log);
    fclose(host.log), host.log = NULL;
}

static void at_exit(void) { close_log(RULE_NONE); }

static void give_up(int rule, const char *reason, int32_t line) {
    fflush(stdout);
    fprintf(stderr, "gemmini: %s%.0d%s%s\n", line ? "line " : "", line, line ? ": " : "", reason);
    close_log(rule);
    _Exit(EXIT_RULE);
}

static gm_machine *machine(void) {
    if (host.machine) return host.machine;
    gm_config config;
    int32_t *words = (int32_t *)(void *)&config;
    const char *text = getenv("ACCELCORE_GEMMINI_CONFIG"), *log = getenv("ACCELCORE_GEMMINI_LOG");
    char *next = (char *)(uintptr_t)text;
    memset(&config, 0, sizeof config);
    for (size_t i = 0; text && i < sizeof config / sizeof *words; i++) words[i] = (int32_t)strtol(next, &next, 10);
    host.machine = text ? gm_new(&config) : NULL;
    if (!host.machine) give_up(RULE_NONE, "no configuration: programs are started by accelcore run --target gemmini", 0);
    host.machine->find_memory = map_memory;
    gm_watch_symbols();
    host.machine->overrun = gm_watch_overrun;
    map_memory(host.machine);
    if (log) host.log = fopen(log, "wb");
    atexit(at_exit);
    return host.machine;
}

static void record(uint32_t funct, uint64_t rs1, uint64_t rs2, int32_t line) {
    int64_t work = host_work();
    gm_call call = {(uint64_t)(uint32_t)line << 32 | funct, rs1, rs2, work};
    host.counted = gemmini_host_blocks;
    gm_at(host.machine, line, (int32_t)(work < INT32_MAX ? work : INT32_MAX));
    if (host.log && fwrite(&call, sizeof call, 1, host.log) != 1) give_up(RULE_NONE, "the log of commands cannot be written", line);
}

void gemmini_host_command(uint32_t funct, uint64_t rs1, uint64_t rs2, int32_t line) {
    gm_machine *m = machine();
    record(funct, rs1, rs2, line);
    int64_t before, after;
    gm_ops(m, &before);
    int rule = gm_command(m, funct, rs1, rs2);
    if (rule) give_up(rule, gm_message(m), line);
    const gm_op *ops = gm_ops(m, &after);
    for (int64_t i = before; i < after; i++) {
        int outside = ops[i].kind != GM_MVOUT || ops[i].flags & (GM_STATISTICS | GM_POOLED);
        if (!outside) gm_watch_store(ops[i].dram, (uint64_t)ops[i].cols * (uint64_t)ops[i].element_bytes, ops[i].stride, ops[i].rows, line);
    }
}

/* Times the operations since the last fence, unless that has been done: host.now and host.idle. */
static void time_operations(int32_t line) {
    gm_machine *m = machine();
    int64_t count, segment[1][2] = {{0, 0}};
    const gm_op *ops = gm_ops(m, &count);
    if (count == host.timed) return;
    gm_times *times = calloc((size_t)count + 1, sizeof *times);
    int64_t made = times ? gm_timing_run(&m->config, ops, count, times, segment, 1, host.since, 0) : GM_NO_MEMORY;
    if (made < 0) give_up(RULE_NONE, made == GM_STUCK ? "the commands never end: a preload waits for its compute" : "the model of time has no memory", line);
    host.now = 0;
    for (int64_t i = 0; i < count; i++)
        if (times[i].accept >= host.now) host.now = times[i].accept + m->config.host_issue;
    free(times);
    host.idle = segment[0][1], host.timed = count;
}

void gemmini_host_fence(int32_t line) {
    machine();
    time_operations(line);
    int64_t arrived = host.now + host_work();
    host.base += (arrived > host.idle ? arrived : host.idle) + FENCE_IDLE;
    record(GM_FENCE_WORD, 0, 0, line);
    gm_forget_ops(host.machine);
    gm_watch_fence();
    gm_at(host.machine, line, 0);
    host.timed = host.now = host.idle = 0;
    for (int i = 0; i < GM_COUNTERS; i++) host.before[i] += host.since[i], host.since[i] = 0;
}

/* What the model of time has counted so far, by its own numbers (timing.h); the clock for any other number. */
uint64_t gemmini_host_counter(int32_t which) {
    if (which < 0 || which >= GM_COUNTERS) return gemmini_host_cycles();
    time_operations(0);
    return (uint64_t)(host.before[which] + host.since[which]);
}

/* The clock never stands still between two readings. */
uint64_t gemmini_host_cycles(void) {
    time_operations(0);
    int64_t now = host.base + host.now + host_work();
    host.read = now > host.read ? now : host.read + 1;
    return (uint64_t)host.read;
}

#if defined(__x86_64__)
/* Programs with raw assembly: the header's assembler macros call these two, which keep every register. */
uint64_t gemmini_asm_cycles;
void gemmini_asm_do_fence(void) { gemmini_host_fence(0); }
void gemmini_asm_do_cycles(void) { gemmini_asm_cycles = gemmini_host_cycles(); }
#define KEEPING(name, target)                                                                                          \
    __asm__(".globl " name "\n" name ":\n"                                                                             \
            "pushfq\n push %rax\n push %rcx\n push %rdx\n push %rsi\n push %rdi\n push %r8\n push %r9\n push %r10\n"   \
            "push %r11\n push %rbp\n mov %rsp, %rbp\n sub $512, %rsp\n and $-16, %rsp\n fxsave (%rsp)\n"               \
            "call " target "@PLT\n fxrstor (%rsp)\n mov %rbp, %rsp\n pop %rbp\n pop %r11\n pop %r10\n pop %r9\n"       \
            "pop %r8\n pop %rdi\n pop %rsi\n pop %rdx\n pop %rcx\n pop %rax\n popfq\n ret\n")
KEEPING("gemmini_asm_fence", "gemmini_asm_do_fence");
KEEPING("gemmini_asm_rdcycle", "gemmini_asm_do_cycles");
#endif

/* A Gemmini accelerator in software: exact function first, an event model of time beside it.
 *
 * The functional part executes commands in program order; the hardware reaches the same contents for every program that
 * keeps the hazards rules (see docs).  Each primitive command is recorded as a gm_op, which the timing part replays.
 * Arithmetic: int8 configurations multiply in int32 with wrap-around, scale in float32 with round-half-even and saturate;
 * fp32 configurations use float throughout.
 */
#ifndef ACCELCORE_GEMMINI_MACHINE_H
#define ACCELCORE_GEMMINI_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Static description of an instance. */
typedef struct {
    int32_t dim;         /* rows and columns of the array */
    int32_t is_float;    /* 0: int8 elements and int32 accumulators, 1: float both */
    int32_t spad_rows;   /* rows of dim elements */
    int32_t spad_banks;
    int32_t acc_rows;    /* rows of dim accumulators */
    int32_t acc_banks;
    int32_t max_bytes;   /* bytes of one DMA request */
    int32_t rs_load, rs_execute, rs_store; /* entries of the reservation station */
    int32_t bus_bytes;   /* bytes per cycle of the memory port */
    int32_t latency;     /* cycles from an accepted request to its first beat */
    int32_t host_issue;  /* cycles between two commands offered by the host */
    int32_t tile_latency;
    int32_t ordered_stores; /* 1: a store waits until the previous store has completed */
    int32_t reserved;
} gm_config;

/* Queues of the reservation station. */
enum { GM_LOAD, GM_EXECUTE, GM_STORE, GM_NONE };

/* Primitive operations, after decoding and after the hardware loops were expanded. */
enum {
    GM_CONFIG_EX, GM_CONFIG_LD, GM_CONFIG_ST, GM_CONFIG_NORM, GM_MVIN, GM_MVOUT, GM_PRELOAD, GM_COMPUTE, GM_FLUSH,
    GM_FENCE, GM_LOOP_CONFIG, GM_LOOP_RUN, GM_COUNTER
};

/* Flags of an operation. */
enum {
    GM_ACC = 1,          /* the local side is the accumulator */
    GM_ACCUMULATE = 2,   /* written by adding */
    GM_ZEROS = 4,        /* a load without memory traffic */
    GM_SCALED = 8,       /* a load with a scale other than one */
    GM_SHRUNK = 16,      /* a load of elements into the accumulator */
    GM_FULL = 32,        /* a store of whole accumulators */
    GM_POOLED = 64,
    GM_NEW_WEIGHTS = 128,/* preload: names B; compute: takes it */
    GM_OS = 256,         /* output stationary */
    GM_TRANSPOSE_A = 512,
    GM_TRANSPOSE_B = 1024,
    GM_FROM_LOOP = 2048, /* made by a hardware loop, not offered by the host */
    GM_LOOP_FIRST = 4096,/* first operation of a hardware loop */
    GM_FLUSHES = 8192,   /* compute: the last of an output-stationary chain */
    GM_LOOP_CONV = 16384,/* a hardware loop over a convolution: its generators follow one another */
    GM_STATISTICS = 32768/* a store that only adds to the statistics of its row */
};

/* One operation with everything that the timing model needs. */
typedef struct {
    uint8_t kind, queue;
    uint16_t flags;
    int32_t rows, cols;       /* of the operand, or of C for a preload */
    int32_t block_stride;     /* rows between column blocks of a load */
    uint32_t local;           /* row; for a preload: B (or D) */
    uint32_t second;          /* preload: C; compute: the other operand (D or B) */
    int32_t rows2, cols2;     /* of `second` or, for a preload, of B */
    uint64_t dram;            /* byte address */
    int64_t stride;           /* bytes between rows */
    int32_t element_bytes;    /* in memory */
    int32_t a_stride, c_stride;
    int32_t host_gap;         /* host cycles spent before it was offered */
    int32_t line;             /* source line of the command, 0 when unknown */
    uint8_t stream;           /* of a hardware loop: GM_LOOP_A ... */
    uint8_t parity;           /* of a hardware loop: which of the two concurrent ones */
    int16_t i, j, k;          /* its block */
    int16_t next_minor, next_k; /* a load generator's iterators after this operation; next_k = GM_DONE at its end */
} gm_op;

/* Generators of a hardware loop, in the order of their priority at the reservation station. */
enum { GM_LOOP_C, GM_LOOP_X, GM_LOOP_D, GM_LOOP_A, GM_LOOP_B, GM_LOOP_STREAMS };
#define GM_DONE 0x7fff

#define GM_GARBAGE 0xffffffffu

typedef struct gm_machine gm_machine;

gm_machine *gm_new(const gm_config *config);
void gm_free(gm_machine *machine);
/* A region of memory that DMA may touch: addresses base .. base + bytes are the bytes at `host`. */
int gm_region(gm_machine *machine, uint64_t base, uint64_t bytes, void *host, int writable);
/* Execute one RoCC command; 0, or the number of the rule that it breaks (gm_message has the sentence). */
int gm_command(gm_machine *machine, uint32_t funct, uint64_t rs1, uint64_t rs2);
int gm_fence(gm_machine *machine);
/* One recorded command: funct (GM_FENCE_WORD for a fence) in the low half of `word`, the source line in the high half. */
typedef struct { uint64_t word, rs1, rs2; int64_t host_cycles; } gm_call;
#define GM_FENCE_WORD 0xffffffffu
/* The last record of a log: rs1 is the number of the host's basic blocks. */
#define GM_BLOCKS_WORD 0xfffffffeu
/* Before it, if the host read output that had no fence after its store: the store's line, and the address in rs1. */
#define GM_EARLY_WORD 0xfffffffdu
/* Before that, if the last command broke a rule: its number in rs1. */
#define GM_BROKEN_WORD 0xfffffffcu
/* Execute many commands; the index of the first that breaks a rule (its number in *rule), or `count`. */
int64_t gm_run(gm_machine *machine, const gm_call *calls, int64_t count, int32_t *rule);
/* Checks beyond those of every command.  unwritten: reading a local row that was never written breaks a rule.
 * dry: there is no memory; loads read zeros and stores go nowhere (to time the log of another process). */
void gm_checks(gm_machine *machine, int unwritten, int dry);
/* Local rows that were ever written: of the scratchpad, of the accumulator; commands that read rows which were not, and
 * the source line of the first. */
void gm_rows_written(const gm_machine *machine, int64_t out[4]);
int64_t gm_op_size(void);
const char *gm_message(const gm_machine *machine);
/* Source line of the next command, and the host's cycles before it; they add up until an operation is recorded. */
void gm_at(gm_machine *machine, int32_t line, int32_t host_cycles);
const gm_op *gm_ops(const gm_machine *machine, int64_t *count);
void gm_forget_ops(gm_machine *machine);

#endif

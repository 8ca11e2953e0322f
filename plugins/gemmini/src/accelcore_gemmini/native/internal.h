/* The machine's state, shared by the functional parts. */
#ifndef ACCELCORE_GEMMINI_INTERNAL_H
#define ACCELCORE_GEMMINI_INTERNAL_H

#include "machine.h"

enum { MAX_REGIONS = 4096, MAX_DIM = 64, MAX_MESSAGE = 512 };

/* Rules that a command can break. */
enum {
    RULE_NONE, RULE_ROWS, RULE_COLS, RULE_BLOCK_STRIDE, RULE_LOCAL_RANGE, RULE_DRAM_RANGE, RULE_DRAM_READONLY,
    RULE_TRANSPOSE, RULE_UNKNOWN, RULE_LOOP_CAPACITY, RULE_UNWRITTEN, RULE_MEMORY, RULE_UNSUPPORTED
};

typedef struct { uint64_t base, bytes; uint8_t *host; int writable; } gm_area;

/* A load state: config_ld. */
typedef struct { int64_t stride; float scale; int32_t shrunk, repeats, block_stride; } gm_load_state;

/* The hardware loop's registers. */
typedef struct {
    uint64_t i, j, k, pad_i, pad_j, pad_k;
    uint64_t a, b, c, d, a_stride, b_stride, c_stride, d_stride;
} gm_loop_ws;

typedef struct { uint64_t word[12]; } gm_conv_words; /* rs1, rs2 of config 1..6 */

/* Statistics of a row, by the id that config_norm selects. */
typedef struct { double sum, mean, max; int64_t count; float inv_stddev, inv_sum_exp; int has_max; } gm_norm;

enum { ACT_NONE, ACT_RELU, ACT_LAYERNORM, ACT_IGELU, ACT_SOFTMAX, NORM_STATS = 256 };

struct gm_machine {
    gm_config config;
    int32_t elem_bytes, acc_bytes;
    uint8_t *spad, *acc;
    uint8_t *spad_written, *acc_written; /* one byte a row */
    gm_area areas[MAX_REGIONS];
    int (*find_memory)(gm_machine *); /* lists the regions anew when an access finds none */
    const char *(*overrun)(uint64_t first, uint64_t address, uint64_t bytes); /* the array of `first` that an access leaves */
    uint64_t store_begins; /* address of the first row of a store */
    int area_count, last_area, dram_rule; /* the last: what the last failed access broke */
    gm_load_state load[3];
    /* config_ex */
    int dataflow_ws, activation, a_transpose, b_transpose, a_stride, c_stride;
    float system_scale;
    int32_t in_shift;
    /* config_st */
    int64_t store_stride;
    float acc_scale;
    int store_activation;
    int pool_stride, pool_size, pool_out_dim, porows, pocols, orows, ocols, upad, lpad;
    /* config_norm */
    float igelu_qb, igelu_qc, ln2_f; /* the last: in configurations of floats */
    int32_t qln2, qln2_inv, norm_stat;
    gm_norm norm[NORM_STATS];
    /* preload */
    uint32_t preload_bd, preload_c;
    int bd_rows, bd_cols, c_rows, c_cols;
    int32_t weights_i[MAX_DIM][MAX_DIM];
    float weights_f[MAX_DIM][MAX_DIM];
    gm_loop_ws loop;
    int loop_parity, result_half; /* halves of scratchpad and accumulator that the next hardware loop uses */
    int conv_parity, conv_result_half;       /* the same for convolutions */
    gm_op loop_tag;                          /* stream and block of the operation that a loop is about to make */
    gm_conv_words conv;
    gm_op *ops;
    int64_t op_count, op_room;
    int32_t line, host_gap;
    int in_loop, check_unwritten, dry;
    int64_t unwritten_reads;
    int32_t first_unwritten; /* source line of the first of them */
    char message[MAX_MESSAGE];
};

int gm_fail(gm_machine *m, int rule, const char *format, ...);
uint8_t *gm_dram(gm_machine *m, uint64_t address, uint64_t bytes, int write);
gm_op *gm_record(gm_machine *m, int kind, int queue);
int gm_local_rows(gm_machine *m, uint32_t local, int64_t first, int64_t rows, const char *what);

int gm_local_written(gm_machine *m, uint32_t local, int64_t rows, int64_t stride, const char *what);

int gm_config_command(gm_machine *m, uint64_t rs1, uint64_t rs2);
double gm_activated(const gm_machine *m, double x, float *factor);
void gm_norm_take(gm_machine *m, int command, double x);
void gm_norm_end(gm_machine *m, int command);
int gm_mvin(gm_machine *m, int state, uint64_t dram, uint64_t rs2);
int gm_mvout(gm_machine *m, uint64_t dram, uint64_t rs2);
int gm_preload(gm_machine *m, uint64_t rs1, uint64_t rs2);
int gm_compute(gm_machine *m, int preloaded, uint64_t rs1, uint64_t rs2);
int gm_loop_conv(gm_machine *m, uint64_t rs1, uint64_t rs2);
int gm_loop_command(gm_machine *m, uint32_t funct, uint64_t rs1, uint64_t rs2);

static inline int is_acc(uint32_t local) { return local >> 31; }
static inline int is_garbage(uint32_t local) { return local == GM_GARBAGE; }
static inline uint32_t row_of(const gm_machine *m, uint32_t local) {
    return local & (is_acc(local) ? 0x3fffu & (uint32_t)(m->config.acc_rows - 1) : 0x3fffu & (uint32_t)(m->config.spad_rows - 1));
}
#endif

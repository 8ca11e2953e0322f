/* biased on a Gemmini accelerator.
 * Schedule: tile(rows, 8); tile(cols, 4); tile(depth, 32); hardware().
 */
#include "include/gemmini.h"

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/* Blocks of DIM x DIM in a tile and in a step, and blocks that one command moves. */
enum { ROWS = 8, COLS = 4, DEPTH = 32, LOAD_A = 1, LOAD_B = 1, STORE = 1 };

/* The arguments, and how many blocks, runs of blocks, tiles and steps they make. */
static struct {
    const int8_t *a;
    const int8_t *b;
    const int32_t *d;
    int8_t *c;
    int64_t m;
    int64_t n;
    int64_t p;
    int64_t row_run, row_blocks, row_tiles, col_run, col_run_tiles, col_tiles;
    int64_t depth_run, depth_run_steps, depth_steps, steps;
} arg;

/* Local addresses of blocks. */
enum { ADD = 1 << 30, FULL = 1 << 29 }; /* bits of an accumulator's address */
#define A(half, row, depth) ((uint32_t)((half) * 256 * DIM + ((row) * DEPTH + (depth)) * DIM))
#define B(half, depth, col) ((uint32_t)(1 * 256 * DIM + (half) * 128 * DIM + ((depth) * COLS + (col)) * DIM))
#define ACC(half, row, col) (1u << 31 | (uint32_t)((half) * (ACC_ROWS / 2) + ((row) * COLS + (col)) * DIM))

static void run(void) {
    gemmini_extended_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0, 1, 0, 0);
    gemmini_extended_config_st(arg.n, RELU, 0.1f);
    gemmini_extended3_config_ld(arg.p, MVIN_SCALE_IDENTITY, 0, 0);
    gemmini_extended3_config_ld(arg.n, MVIN_SCALE_IDENTITY, 0, 1);
    gemmini_extended3_config_ld((0) * 4, MVIN_SCALE_IDENTITY, 0, 2);
    for (int64_t t = 0; t < arg.steps / (arg.row_tiles * arg.col_tiles * arg.depth_steps); t++) {
        for (int64_t row = 0; row < arg.row_run; row += ROWS)
        for (int64_t col = 0; col < arg.col_run; col += COLS)
        for (int64_t depth = 0; depth < arg.depth_run; depth += DEPTH) {
            const int64_t rows = least(ROWS, arg.row_run - row);
            const int64_t row_pad = most(0, (row + rows) * DIM - (arg.m));
            const int64_t r = row * DIM;
            const int64_t cols = least(COLS, arg.col_run - col);
            const int64_t col_pad = most(0, (col + cols) * DIM - (arg.n));
            const int64_t c = col * DIM;
            const int64_t depths = least(DEPTH, arg.depth_run - depth);
            const int64_t depth_pad = most(0, (depth + depths) * DIM - (arg.p));
            const int64_t k = depth * DIM;
            gemmini_loop_ws(rows, cols, depths, row_pad, col_pad, depth_pad,
                            arg.a + ((arg.p * r) + k), arg.b + (c + (arg.n * k)), depth == 0 ? arg.d + (c) : NULL,
                            depth + depths == arg.depth_run ? arg.c + ((arg.n * r) + c) : NULL,
                            arg.p, arg.n, 0, arg.n,
                            0, 0, 0, 0, 1, RELU, 0, 0, 0);
        }
    }
    gemmini_fence();
}

int ac_biased(const int8_t *a, const int8_t *b, const int32_t *d, int8_t *c, int64_t m, int64_t n, int64_t p) {
    arg.a = a;
    arg.b = b;
    arg.d = d;
    arg.c = c;
    arg.m = m;
    arg.n = n;
    arg.p = p;
    if (!(1 <= arg.p) || !(arg.p <= 131067)) return 1;
    arg.row_run = parts(arg.m, DIM);
    arg.row_blocks = arg.row_run;
    arg.row_tiles = parts(arg.row_blocks, ROWS);
    arg.col_run = parts(arg.n, DIM);
    arg.col_run_tiles = parts(arg.col_run, COLS);
    arg.col_tiles = arg.col_run_tiles;
    arg.depth_run = parts(arg.p, DIM);
    arg.depth_run_steps = parts(arg.depth_run, DEPTH);
    arg.depth_steps = arg.depth_run_steps;
    arg.steps = arg.row_tiles * arg.col_tiles * arg.depth_steps;
    if (arg.steps > 0) run();
    return 0;
}

#if defined(BAREMETAL) && !defined(ACCELCORE_KERNEL)
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <stdint.h>
#include <math.h>

#ifndef AC_HAVE_AC_I64_NEAREST_EXACT_F32
#define AC_HAVE_AC_I64_NEAREST_EXACT_F32
static inline int64_t ac_i64_nearest_exact_f32(float a) { return (int64_t)rintf(a); }
#endif

#ifndef AC_HAVE_AC_MIN_I64
#define AC_HAVE_AC_MIN_I64
static inline int64_t ac_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
#endif

#ifndef AC_HAVE_AC_MAX_I64
#define AC_HAVE_AC_MAX_I64
static inline int64_t ac_max_i64(int64_t a, int64_t b) { return b > a ? b : a; }
#endif

static int plain_biased(const int8_t *restrict a,
        const int8_t *restrict b,
        const int32_t *restrict d,
        int8_t *restrict c,
        int64_t m,
        int64_t n,
        int64_t p) {
    for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
            int64_t sum;
            sum = 0;
            for (int64_t k = 0; k < p; ++k) {
                const int64_t t1 = (int64_t)((uint64_t)sum + (uint64_t)(int64_t)((int16_t)a[i * p + k] * (int16_t)b[k * n + j]));
                sum = t1;
            }
            const float t2 = (float)(int64_t)((uint64_t)(int64_t)d[j] + (uint64_t)sum) * 0.1f;
            const int8_t t3 = (int8_t)ac_max_i64(0, ac_min_i64(127, ac_i64_nearest_exact_f32(t2)));
            c[i * n + j] = t3;
        }
    }
    return 0;
}

static int random_number(void) { /* a linear congruential generator */
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (int)(state >> 16);
}

int main(void) {
    const int64_t m = 40;
    const int64_t n = 70;
    const int64_t p = 65;
    long wrong = 0, all = 0;
    int8_t *a = malloc((m * p) * sizeof *a + 1);
    for (int64_t at = 0; at < m * p; at++) a[at] = random_number() % 15 - 7;
    int8_t *b = malloc((p * n) * sizeof *b + 1);
    for (int64_t at = 0; at < p * n; at++) b[at] = random_number() % 15 - 7;
    int32_t *d = malloc((n) * sizeof *d + 1);
    for (int64_t at = 0; at < n; at++) d[at] = random_number() % 201 - 100;
    int8_t *c = malloc((m * n) * sizeof *c + 1);
    const int refused = ac_biased(a, b, d, c, m, n, p);
    int8_t *want_c = malloc((m * n) * sizeof *want_c + 1);
    plain_biased(a, b, d, want_c, m, n, p);
    for (int64_t at = 0; at < m * n; at++) all++, wrong += c[at] != want_c[at];
    printf("%ld of %ld elements differ from the plain loops\n", wrong, all);
    return refused || wrong;
}
#endif

/* biased on a Gemmini accelerator.
 * Schedule: tile(rows, 8); tile(cols, 4); tile(depth, 4); width(a, 4); width(b, 4); width(store, 4); buffers(2); banks(); spread(); reuse(); overwrite(); hoist().
 */
#include "include/gemmini.h"

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

/* Blocks of DIM x DIM in a tile and in a step, and blocks that one command moves. */
enum { ROWS = 8, COLS = 4, DEPTH = 4, LOAD_A = 4, LOAD_B = 4, STORE = 4 };

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
#define A(half, row, depth) ((uint32_t)((half) * BANK_ROWS + ((row) * DEPTH + (depth)) * DIM))
#define B(half, depth, col) ((uint32_t)((2 + (half)) * BANK_ROWS + ((depth) * COLS + (col)) * DIM))
#define ACC(half, row, col) (1u << 31 | (uint32_t)((half) * (ACC_ROWS / 2) + ((row) * COLS + (col)) * DIM))

typedef struct {
    int64_t batch, row, rows, col_outer, col, cols, depth_outer, depth, depths; /* first block and number of blocks */
    int first, last; /* of the sum */
    uint32_t half, acc; /* which part of the scratchpad, of the accumulator */
} step;

/* The step of a number. */
static step step_at(int64_t t) {
    step s;
    s.half = t % 2;
    s.depth = t % arg.depth_steps;
    t /= arg.depth_steps;
    s.acc = t % 2;
    s.first = s.depth == 0, s.last = s.depth + 1 == arg.depth_steps;
    s.col = t % arg.col_tiles, t /= arg.col_tiles;
    s.row = t % arg.row_tiles, s.batch = t / arg.row_tiles;
    s.row *= ROWS;
    s.rows = least(ROWS, arg.row_blocks - s.row);
    s.col_outer = s.col / arg.col_run_tiles, s.col = s.col % arg.col_run_tiles * COLS;
    s.cols = least(COLS, arg.col_run - s.col);
    s.depth_outer = s.depth / arg.depth_run_steps, s.depth = s.depth % arg.depth_run_steps * DEPTH;
    s.depths = least(DEPTH, arg.depth_run - s.depth);
    return s;
}

/* Rows of a block. */
static int64_t rows_of(int64_t n) {
    return least(DIM, arg.m - n % arg.row_run * DIM);
}

static void load_a(const step *s, int64_t n) {
    const int64_t across = parts(s->depths, LOAD_A);
    const int64_t row = n / across;
    const int64_t k_block = n % across * LOAD_A;
    const int64_t rows = rows_of(s->row + row), cols = least(least(LOAD_A, s->depths - k_block) * DIM, arg.p - (s->depth + k_block) * DIM);
    int64_t row_block = s->row + row;
    const int64_t r = row_block % arg.row_run * DIM;
    row_block /= arg.row_run;
    const int64_t k = (s->depth + k_block) * DIM;
    gemmini_extended_mvin(arg.a + ((arg.p * r) + k), A(s->half, row, k_block), cols, rows);
}

static void load_b(const step *s, int64_t n) {
    const int64_t across = parts(s->cols, LOAD_B);
    const int64_t k_block = n / across;
    const int64_t col = n % across * LOAD_B;
    const int64_t rows = least(DIM, arg.p - (s->depth + k_block) * DIM), cols = least(least(LOAD_B, s->cols - col) * DIM, arg.n - (s->col + col) * DIM);
    const int64_t c = (s->col + col) * DIM;
    const int64_t k = (s->depth + k_block) * DIM;
    gemmini_extended_mvin2(arg.b + (c + (arg.n * k)), B(s->half, k_block, col), cols, rows);
}

static void load_0(const step *s, int64_t n) {
    const int64_t row = n / s->cols;
    const int64_t col = n % s->cols;
    const int64_t rows = rows_of(s->row + row), cols = least(DIM, arg.n - (s->col + col) * DIM);
    const int64_t c = (s->col + col) * DIM;
    gemmini_extended_mvin3(arg.d + (c), ACC(s->acc, row, col), cols, rows);
}

static int64_t plain_loads(const step *s) { return s->rows * parts(s->depths, LOAD_A) + s->depths * parts(s->cols, LOAD_B); }
static int64_t loads(const step *s) { return plain_loads(s) + (s->first ? s->rows * s->cols : 0); }

static void load(const step *s, int64_t n) {
    if (n < s->rows * parts(s->depths, LOAD_A)) {
        load_a(s, n);
        return;
    }
    n -= s->rows * parts(s->depths, LOAD_A);
    if (n < s->depths * parts(s->cols, LOAD_B)) {
        load_b(s, n);
        return;
    }
    n -= s->depths * parts(s->cols, LOAD_B);
    load_0(s, n);
}

static int64_t stores(const step *s) { return s->rows * parts(s->cols, STORE); }

static void store(const step *s, int64_t n) {
    const int64_t across = parts(s->cols, STORE);
    const int64_t row = n / across;
    const int64_t col = n % across * STORE;
    const int64_t rows = rows_of(s->row + row), cols = least(least(STORE, s->cols - col) * DIM, arg.n - (s->col + col) * DIM);
    int64_t row_block = s->row + row;
    const int64_t r = row_block % arg.row_run * DIM;
    row_block /= arg.row_run;
    const int64_t c = (s->col + col) * DIM;
    gemmini_extended_mvout(arg.c + ((arg.n * r) + c), ACC(s->acc, row, col), cols, rows);
}

/* What is done beside a step's computes: loads of the next step, stores of the tile before. */
typedef struct {
    const step *next, *done;
    int64_t plain, loads, loaded, stores, stored, all; /* plain: loads that do not write the accumulator */
} work;

static int work_left(const work *w) { return w->loaded < w->loads || w->stored < w->stores; }

/* The next of them.  What writes the accumulator waits for the stores that read it. */
static void side(work *w) {
    const int stores = w->stored < w->stores, loads = w->loaded < (stores ? w->plain : w->loads);
    if (stores && (!loads || w->stored * w->plain <= w->loaded * w->stores)) store(w->done, w->stored++);
    else load(w->next, w->loaded++);
}

static void compute(const step *s, work *w) {
    const int64_t pairs = s->rows * s->cols * s->depths;
    int64_t due = 0;
    for (int64_t k = 0; k < s->depths; k++)
        for (int64_t c = 0; c < s->cols; c++) {
            const int64_t deep = least(DIM, arg.p - (s->depth + k) * DIM);
            const int64_t wide = least(DIM, arg.n - (s->col + c) * DIM);
            for (int64_t r = 0; r < s->rows; r++) {
                const int64_t tall = rows_of(s->row + r);
                const uint32_t to = ACC(s->acc, r, c) | ADD;
                if (r == 0) {
                    gemmini_extended_preload(B(s->half, k, c), to, wide, deep, wide, tall);
                    gemmini_extended_compute_preloaded(A(s->half, r, k), GARBAGE_ADDR, deep, tall, DIM, DIM);
                } else {
                    gemmini_extended_preload(GARBAGE_ADDR, to, DIM, DIM, wide, tall);
                    gemmini_extended_compute_accumulated(A(s->half, r, k), GARBAGE_ADDR, deep, tall, DIM, DIM);
                }
                for (due += w->all * 4; due >= pairs * 3 && work_left(w); due -= pairs * 3) side(w);
            }
        }
    while (work_left(w)) side(w);
}

static void run(void) {
    gemmini_extended_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0, 1, 0, 0);
    gemmini_extended_config_st(arg.n, RELU, 0.1f);
    gemmini_extended4_config_ld(arg.p, MVIN_SCALE_IDENTITY, 0, DIM, 0);
    gemmini_extended4_config_ld(arg.n, MVIN_SCALE_IDENTITY, 0, DIM, 1);
    gemmini_extended4_config_ld((0) * 4, MVIN_SCALE_IDENTITY, 0, DIM, 2);
    step now = step_at(0), next, done;
    int64_t waiting = 0; /* stores of the tile before */
    for (int64_t n = 0; n < loads(&now); n++) load(&now, n);
    for (int64_t t = 0; t < arg.steps; t++) {
        const int more = t + 1 < arg.steps;
        next = more ? step_at(t + 1) : now;
        work w = {&next, &done, more ? plain_loads(&next) : 0, more ? loads(&next) : 0, 0, waiting, 0, 0};
        w.all = w.loads + w.stores;
        compute(&now, &w);
        waiting = now.last ? stores(&now) : 0;
        if (now.last) done = now;
        now = next;
    }
    for (int64_t n = 0; n < waiting; n++) store(&done, n);
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

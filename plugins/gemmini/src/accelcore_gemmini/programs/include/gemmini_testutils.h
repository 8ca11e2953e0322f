/* Small square matrices for tests: products, sums, comparison, printing; a generator of numbers; the clock. */
#ifndef ACCELCORE_GEMMINI_TESTUTILS_H
#define ACCELCORE_GEMMINI_TESTUTILS_H

#include <assert.h>

#include "include/gemmini.h"
#include "include/gemmini_counter.h"

#undef assert
#define assert(expression) \
    do { if (!(expression)) { printf("assertion failed: %s\n", #expression); exit(1); } } while (0)

static uint64_t read_cycles(void) { return gemmini_host_cycles(); }

/* The same numbers everywhere, 0 to 255. */
__attribute__((weak)) int rand(void) { /* one for all files of a program */
    static uint32_t x = 777;
    x = x * 1664525u + 1013904223u;
    return (int)(x >> 24);
}
static inline double rand_double(void) { return rand() / 255.0 - 0.5; }

#define GEMMINI_EACH(r, c) \
    for (size_t r = 0; r < DIM; r++) \
        for (size_t c = 0; c < DIM; c++)
/* out = A B + D, with one operand transposed when asked; `narrow` saturates. */
#define GEMMINI_MATMUL(name, d_type, c_type, a_at, b_at, narrow) \
    static void name(elem_t A[DIM][DIM], elem_t B[DIM][DIM], d_type D[DIM][DIM], c_type C[DIM][DIM]) { \
        GEMMINI_EACH(r, c) { \
            full_t sum = D[r][c]; \
            for (size_t k = 0; k < DIM; k++) sum += (full_t)a_at * b_at; \
            C[r][c] = narrow(sum); \
        } \
    }
#define GEMMINI_WIDE(x) (x)
#define GEMMINI_SATURATED(x) ((elem_t)((x) > elem_t_max ? elem_t_max : (x) < elem_t_min ? elem_t_min : (x)))
GEMMINI_MATMUL(matmul, elem_t, full_t, A[r][k], B[k][c], GEMMINI_WIDE)
GEMMINI_MATMUL(matmul_short, elem_t, elem_t, A[r][k], B[k][c], GEMMINI_SATURATED)
GEMMINI_MATMUL(matmul_full, full_t, full_t, A[r][k], B[k][c], GEMMINI_WIDE)
GEMMINI_MATMUL(matmul_A_transposed, elem_t, full_t, A[k][r], B[k][c], GEMMINI_WIDE)
GEMMINI_MATMUL(matmul_short_A_transposed, elem_t, elem_t, A[k][r], B[k][c], GEMMINI_SATURATED)
GEMMINI_MATMUL(matmul_full_A_transposed, full_t, full_t, A[k][r], B[k][c], GEMMINI_WIDE)
GEMMINI_MATMUL(matmul_B_transposed, elem_t, full_t, A[r][k], B[c][k], GEMMINI_WIDE)
GEMMINI_MATMUL(matmul_short_B_transposed, elem_t, elem_t, A[r][k], B[c][k], GEMMINI_SATURATED)
GEMMINI_MATMUL(matmul_full_B_transposed, full_t, full_t, A[r][k], B[c][k], GEMMINI_WIDE)
GEMMINI_MATMUL(matmul_AB_transposed, elem_t, full_t, A[k][r], B[c][k], GEMMINI_WIDE)
GEMMINI_MATMUL(matmul_short_AB_transposed, elem_t, elem_t, A[k][r], B[c][k], GEMMINI_SATURATED)
GEMMINI_MATMUL(matmul_full_AB_transposed, full_t, full_t, A[k][r], B[c][k], GEMMINI_WIDE)

static void matadd(full_t sum[DIM][DIM], full_t m1[DIM][DIM], full_t m2[DIM][DIM]) { GEMMINI_EACH(r, c) sum[r][c] = m1[r][c] + m2[r][c]; }

/* Rounding shift to the right, halves to even, saturated. */
static void matshift(full_t full[DIM][DIM], elem_t out[DIM][DIM], int shift) {
#if GEMMINI_FLOAT
    GEMMINI_EACH(r, c) out[r][c] = (elem_t)full[r][c];
    (void)shift;
#else
    GEMMINI_EACH(r, c) out[r][c] = GEMMINI_SATURATED(ROUNDING_RIGHT_SHIFT(full[r][c], shift));
#endif
}

static void matscale(full_t full[DIM][DIM], elem_t out[DIM][DIM], acc_scale_t scale) { GEMMINI_EACH(r, c) out[r][c] = ACC_SCALE(full[r][c], scale); }

static void matrelu(elem_t in[DIM][DIM], elem_t out[DIM][DIM]) { GEMMINI_EACH(r, c) out[r][c] = in[r][c] > 0 ? in[r][c] : 0; }

static void transpose(elem_t in[DIM][DIM], elem_t out[DIM][DIM]) { GEMMINI_EACH(r, c) out[c][r] = in[r][c]; }

static void printMatrix(elem_t m[DIM][DIM]) {
    for (size_t r = 0; r < DIM; r++) {
#if GEMMINI_FLOAT
        for (size_t c = 0; c < DIM; c++) printf("%f ", (double)m[r][c]);
#else
        for (size_t c = 0; c < DIM; c++) printf("%d ", (int)m[r][c]);
#endif
        printf("\n");
    }
}

/* Floats are equal when they differ by less than one part in a thousand. */
static inline int gemmini_same(double x, double y) {
#if GEMMINI_FLOAT
    double apart = x > y ? x - y : y - x, size = (x < 0 ? -x : x) + (y < 0 ? -y : y);
    return apart <= 1e-3 * (size > 1e-3 ? size : 1e-3) || (x != x && y != y);
#else
    return x == y;
#endif
}

static int is_equal(elem_t x[DIM][DIM], elem_t y[DIM][DIM]) {
    GEMMINI_EACH(r, c) if (!gemmini_same(x[r][c], y[r][c])) return 0;
    return 1;
}

static int is_equal_transposed(elem_t x[DIM][DIM], elem_t y[DIM][DIM]) {
    GEMMINI_EACH(r, c) if (!gemmini_same(x[r][c], y[c][r])) return 0;
    return 1;
}

/* Equality of matrices of any size. */
#define MAT_IS_EQUAL(dim_i, dim_j, x, y) \
    ({ int gemmini_all = 1; \
       for (size_t gemmini_r = 0; gemmini_r < (size_t)(dim_i); gemmini_r++) \
           for (size_t gemmini_c = 0; gemmini_c < (size_t)(dim_j); gemmini_c++) \
               if (!gemmini_same((x)[gemmini_r][gemmini_c], (y)[gemmini_r][gemmini_c])) gemmini_all = 0; \
       gemmini_all; })
#endif

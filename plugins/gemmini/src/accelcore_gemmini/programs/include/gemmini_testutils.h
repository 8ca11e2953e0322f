/* Small square matrices for tests: products, sums, comparison, printing; a generator of numbers; the clock. */
#ifndef ACCELCORE_GEMMINI_TESTUTILS_H
#define ACCELCORE_GEMMINI_TESTUTILS_H

#include "include/gemmini.h"
#include "include/gemmini_counter.h"

#undef assert
#define assert(expression) \
    do { if (!(expression)) { printf("assertion failed: %s\n", #expression); exit(1); } } while (0)

static inline uint64_t read_cycles(void) { return gemmini_host_cycles(); }

static void matmul(elem_t A[DIM][DIM], elem_t B[DIM][DIM], elem_t D[DIM][DIM], full_t C_full[DIM][DIM]) {
    for (size_t r = 0; r < DIM; r++)
        for (size_t c = 0; c < DIM; c++) {
            C_full[r][c] = D[r][c];
            for (size_t k = 0; k < DIM; k++) C_full[r][c] += (full_t)A[r][k] * B[k][c];
        }
}

static void matadd(full_t sum[DIM][DIM], full_t m1[DIM][DIM], full_t m2[DIM][DIM]) {
    for (size_t r = 0; r < DIM; r++)
        for (size_t c = 0; c < DIM; c++) sum[r][c] = m1[r][c] + m2[r][c];
}

static void matscale(full_t full[DIM][DIM], elem_t out[DIM][DIM], acc_scale_t scale) {
    for (size_t r = 0; r < DIM; r++)
        for (size_t c = 0; c < DIM; c++) out[r][c] = ACC_SCALE(full[r][c], scale);
}

static void matrelu(elem_t in[DIM][DIM], elem_t out[DIM][DIM]) {
    for (size_t r = 0; r < DIM; r++)
        for (size_t c = 0; c < DIM; c++) out[r][c] = in[r][c] > 0 ? in[r][c] : 0;
}

static void transpose(elem_t in[DIM][DIM], elem_t out[DIM][DIM]) {
    for (size_t r = 0; r < DIM; r++)
        for (size_t c = 0; c < DIM; c++) out[c][r] = in[r][c];
}

static void printMatrix(elem_t m[DIM][DIM]) {
    for (size_t r = 0; r < DIM; r++) {
        for (size_t c = 0; c < DIM; c++) printf("%d ", (int)m[r][c]);
        printf("\n");
    }
}

static int is_equal(elem_t x[DIM][DIM], elem_t y[DIM][DIM]) {
    for (size_t r = 0; r < DIM; r++)
        for (size_t c = 0; c < DIM; c++)
            if (x[r][c] != y[r][c]) return 0;
    return 1;
}

/* Equality of matrices of any size. */
#define MAT_IS_EQUAL(dim_i, dim_j, x, y) \
    ({ int gemmini_same = 1; \
       for (size_t gemmini_r = 0; gemmini_r < (dim_i); gemmini_r++) \
           for (size_t gemmini_c = 0; gemmini_c < (dim_j); gemmini_c++) \
               if ((x)[gemmini_r][gemmini_c] != (y)[gemmini_r][gemmini_c]) gemmini_same = 0; \
       gemmini_same; })
#endif

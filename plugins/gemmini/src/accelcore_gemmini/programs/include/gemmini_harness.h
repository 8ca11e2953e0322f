/* Names of harnesses around small control problems: references in plain C, and products and sums of whole matrices. */
#ifndef ACCELCORE_GEMMINI_HARNESS_H
#define ACCELCORE_GEMMINI_HARNESS_H

#include "include/gemmini_elementwise.h"

#ifndef GEMMINI_WITHOUT_HARNESS
/* C = op(A) op(B) on the host; op(A) is I x K, op(B) K x J, all dense. */
static void tiled_matmul_outer_eigen(const elem_t *A, const elem_t *B, elem_t *C, int I, int K, int J, bool tA, bool tB) {
    gemmini_matmul_plain(tA, tB, I, J, K, A, B, NULL, C, tA ? I : K, tB ? K : J, J, J, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY,
                         NO_ACTIVATION, ACC_SCALE_IDENTITY, 0, false, false, false);
}

/* C = op(A) op(B) + D on the host. */
static void tiled_matmul_outer_eigen_bias(const elem_t *A, const elem_t *B, const elem_t *D, elem_t *C, int I, int K, int J, bool tA, bool tB) {
    gemmini_matmul_plain(tA, tB, I, J, K, A, B, D, C, tA ? I : K, tB ? K : J, J, J, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY,
                         NO_ACTIVATION, ACC_SCALE_IDENTITY, 0, false, false, true);
}

static void add_matrix(const elem_t *A, const elem_t *B, elem_t *C, int rows, int cols) {
    for (int i = 0; i < rows * cols; i++) C[i] = A[i] + B[i];
}

static void negate_matrix(const elem_t *A, elem_t *B, int rows, int cols) {
    for (int i = 0; i < rows * cols; i++) B[i] = -A[i];
}
#endif
#endif

/* A chain of products that stay in the array, shifted on the way out, against the helpers of the test utilities. */
#include <stdint.h>
#include <stddef.h>
#include <assert.h>
#include <stdlib.h>
#include <stdio.h>
#include "include/gemmini_testutils.h"

#define N 3
static elem_t A[N][DIM][DIM] row_align(1), B[N][DIM][DIM] row_align(1), D[DIM][DIM] row_align(1), C[DIM][DIM] row_align(1), gold[DIM][DIM], turned[DIM][DIM];
static full_t sum[DIM][DIM], part[DIM][DIM];
static elem_t ZERO[DIM][DIM];

int main() {
    for (size_t n = 0; n < N; n++)
        for (size_t i = 0; i < DIM; i++)
            for (size_t j = 0; j < DIM; j++) A[n][i][j] = (rand() % 16) - 8, B[n][i][j] = (rand() % 16) - 8, D[i][j] = rand() % 64;
    const size_t shift = 2, at_a = 0, at_b = BANK_ROWS, at_d = 2 * BANK_ROWS, at_c = 3 * BANK_ROWS;
    gemmini_flush(0);
    gemmini_config_ld(DIM * sizeof(elem_t));
    gemmini_config_st(DIM * sizeof(elem_t));
    gemmini_config_ex(OUTPUT_STATIONARY, RELU, shift);
    for (size_t n = 0; n < N; n++) {
        gemmini_mvin(A[n], at_a + n * DIM);
        gemmini_mvin(B[n], at_b + n * DIM);
    }
    gemmini_mvin(D, at_d);
    gemmini_preload(at_d, GARBAGE_ADDR);
    gemmini_compute_preloaded(at_a, at_b);
    gemmini_preload_zeros(GARBAGE_ADDR);
    gemmini_compute_accumulated(at_a + DIM, at_b + DIM);
    gemmini_preload_zeros(at_c);
    gemmini_compute_accumulated(at_a + 2 * DIM, at_b + 2 * DIM);
    gemmini_mvout(C, at_c);
    gemmini_fence();

    matmul(A[0], B[0], D, sum);
    for (size_t n = 1; n < N; n++) {
        matmul(A[n], B[n], ZERO, part);
        matadd(sum, part, sum);
    }
    matshift(sum, gold, shift);
    matrelu(gold, gold);
    transpose(gold, turned);
    if (!is_equal(C, gold) || !is_equal_transposed(C, turned) || !MAT_IS_EQUAL(DIM, DIM, C, gold)) {
        printf("C:\n");
        printMatrix(C);
        printf("Gold:\n");
        printMatrix(gold);
        exit(1);
    }
    assert(C[0][0] == gold[0][0]);
    printf("Correct result\n");
    exit(0);
}

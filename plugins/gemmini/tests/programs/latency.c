/* A kernel between markers, timed five times, against a reference of the harness; short names of commands. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "include/gemmini.h"
#include "include/gemmini_testutils.h"
#define REPEAT_TEST_ITERS 5
#define SIZE 64
static elem_t A[SIZE][SIZE] row_align(1), B[SIZE][SIZE] row_align(1), C[SIZE][SIZE] row_align(1), gold[SIZE][SIZE];

void test(elem_t A[SIZE][SIZE], elem_t B[SIZE][SIZE], elem_t C[SIZE][SIZE]) {
// SUBSTITUTE HERE
    config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 1, 0, 0);
    config_st(SIZE, 1);
    config_ld(SIZE, 1, 16, 0);
    config_ld(SIZE, 1, 16, 1);
    static uint32_t acc = 1 << 31;
    for (int k = 0; k < 4; k++) mvin2(&B[k * 16][0], 4096 + k * 64, 64, 16);
    for (int i = 0; i < 4; i++) {
        mvin(&A[i * 16][0], i * 64, 64, 16);
        for (int j = 0; j < 4; j++)
            for (int k = 0; k < 4; k++) {
                preload(4096 + k * 64 + j * 16, (acc + i * 64 + j * 16) | (k ? 0x40000000 : 0), 16, 16, 16, 16);
                compute_preloaded(i * 64 + k * 16, ~((uint32_t)0), 16, 16, 16, 16);
            }
        mvout(&C[i * 16][0], acc + i * 64, 64, 16);
    }
    fence();
// SUBSTITUTE END
}

int main() {
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) A[i][j] = rand() % 5 - 2, B[i][j] = rand() % 5 - 2;
    int latency = 0;
    for (int n = 0; n < REPEAT_TEST_ITERS; n++) {
        int start = read_cycles();
        test(A, B, C);
        int end = read_cycles();
        latency = end - start;
        printf("Generated implementation latency: %d cycles\n", latency);
    }
    tiled_matmul_outer_eigen((elem_t *)A, (elem_t *)B, (elem_t *)gold, SIZE, SIZE, SIZE, false, false);
    if (!MAT_IS_EQUAL(SIZE, SIZE, C, gold) || latency < 1000 || latency > 3000) {
        printf("Incorrect result\n");
        exit(1);
    }
    printf("Correct result\n");
    exit(0);
}

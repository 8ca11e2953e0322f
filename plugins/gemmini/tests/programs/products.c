/* Matrix products of the library against plain loops: sizes SIZE_M, SIZE_N, SIZE_K, transposes TA, TB, bias BIAS (1: a row), TYPE. */
#include "check.h"

static elem_t A[SIZE_M * SIZE_K] row_align(1), B[SIZE_K * SIZE_N] row_align(1);
static acc_t D[SIZE_M * SIZE_N] row_align_acc(1);
#if FULL
static acc_t C[SIZE_M * SIZE_N] row_align_acc(1);
#else
static elem_t C[SIZE_M * SIZE_N] row_align(1);
#endif

int main(void) {
    fill(A, SIZE_M * SIZE_K, 5), fill(B, SIZE_K * SIZE_N, 5);
    for (int i = 0; i < SIZE_M * SIZE_N; i++) D[i] = number(3000);
    gemmini_flush(0);
    uint64_t start = read_cycles();
    tiled_matmul_auto(SIZE_M, SIZE_N, SIZE_K, A, B, BIAS ? D : NULL, C, TA ? SIZE_M : SIZE_K, TB ? SIZE_K : SIZE_N, SIZE_N, SIZE_N, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY,
                      MVIN_SCALE_IDENTITY, FULL ? NO_ACTIVATION : RELU, 1.0f / 64, 0, BIAS == 1, TA, TB, FULL, false, 0, TYPE);
    printf("took %d cycles\n", (int)(read_cycles() - start));
    int good = 1;
    for (int i = 0; i < SIZE_M; i++)
        for (int j = 0; j < SIZE_N; j++) {
            value sum = BIAS ? D[BIAS == 1 ? j : i * SIZE_N + j] : 0;
            for (int k = 0; k < SIZE_K; k++) sum += A[TA ? k * SIZE_M + i : i * SIZE_K + k] * B[TB ? j * SIZE_K + k : k * SIZE_N + j];
            if (C[i * SIZE_N + j] != (FULL ? sum : narrow(sum, 1.0f / 64, RELU))) good = 0;
        }
    return verdict(good);
}

/* Residual additions of the library against plain loops. */
#include "check.h"

static elem_t A[SIZE_M * SIZE_N] row_align(1), B[SIZE_M * SIZE_N] row_align(1), C[SIZE_M * SIZE_N] row_align(1), G[SIZE_M * SIZE_N];

int main(void) {
    int good = 1;
    fill(A, SIZE_M * SIZE_N, 127), fill(B, SIZE_M * SIZE_N, 127);
    tiled_resadd_auto(SIZE_M, SIZE_N, 1, 1, 0.5f, A, B, C, true, TYPE);
    for (int i = 0; i < SIZE_M * SIZE_N; i++) good &= C[i] == narrow(A[i] + B[i], 0.5f, RELU);
    return verdict(good);
}

/* Hardware loops with and without bias, sums and convolutions in turn: each finds its own half of the accumulator. */
#include "check.h"
#define N 40
static elem_t A[N][N] row_align(1), B[N][N] row_align(1), C[N][N] row_align(1), E[N][N] row_align(1), S[N][N] row_align(1), T[N][N] row_align(1);
static elem_t image[6][6][20] row_align(1), kernel[3][3][20][30] row_align(1), out[6][6][30] row_align(1), gold[6][6][30];
static acc_t D[N] row_align_acc(1);

static int product(elem_t a[N][N], const acc_t *bias, int turned, float scale, elem_t c[N][N]) {
    tiled_matmul_auto(N, N, N, (elem_t *)a, (elem_t *)B, bias, (elem_t *)c, N, N, N, N, 1, 1, 1, NO_ACTIVATION, scale, 0, true, false, turned, false, false, 0, WS);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            value sum = bias ? bias[j] : 0;
            for (int k = 0; k < N; k++) sum += a[i][k] * (turned ? B[j][k] : B[k][j]);
            if (!gemmini_same(c[i][j], narrow(sum, scale, 0))) return 0;
        }
    return 1;
}

static int sum(void) {
    tiled_resadd_auto(N, N, 1, 1, 1, (elem_t *)C, (elem_t *)E, (elem_t *)S, false, WS);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (!gemmini_same(S[i][j], narrow(C[i][j] + E[i][j], 1, 0))) return 0;
    return 1;
}

static int convolution(const acc_t *bias) {
    tiled_conv_auto(1, 6, 6, 20, 30, 6, 6, 1, 1, 1, 1, 3, false, false, false, false, false, (elem_t *)image, (elem_t *)kernel, bias, (elem_t *)out, RELU, 0.25, 0, 0, 0, WS);
    gemmini_fence();
    for (int p = 0; p < 36 * 30; p++) {
        value total = bias ? bias[p % 30] : 0;
        for (int t = 0; t < 9 * 20; t++) {
            int row = p / 180 + t / 60 - 1, col = p / 30 % 6 + t / 20 % 3 - 1;
            if (row >= 0 && col >= 0 && row < 6 && col < 6) total += image[row][col][t % 20] * kernel[t / 60][t / 20 % 3][t % 20][p % 30];
        }
        if (!gemmini_same(out[p / 180][p / 30 % 6][p % 30], narrow(total, 0.25f, RELU))) return 0;
    }
    return 1;
}

int main(void) {
    int good = 1;
    fill(A[0], N * N, 2), fill(B[0], N * N, 2), fill(image[0][0], COUNT(image), 2), fill(kernel[0][0][0], COUNT(kernel), 2);
    for (int i = 0; i < N; i++) D[i] = number(25);
    for (int round = 0; round < 3; round++) {
        good &= product(A, NULL, 0, 1, C);
        good &= product(A, D, 0, 0.5f, E);
        good &= sum();
        good &= convolution(round % 2 ? D : NULL);
        good &= product(S, D, 1, 0.125f, T);
    }
    return verdict(good);
}

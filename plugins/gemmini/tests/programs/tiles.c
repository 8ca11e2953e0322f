/* Products with tile sizes given, and single tiles. */
#include "include/gemmini.h"
#include "check.h"
#define M 60
#define N 50
#define K 70
static elem_t A[M][K] row_align(1), B[K][N] row_align(1), C[M][N] row_align(1);
static acc_t D[M][N] row_align_acc(1);

int main() {
    int good = 1;
    fill(A[0], M * K, 5), fill(B[0], K * N, 5);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) D[i][j] = number(900);
    elem_t *a = (elem_t *)A, *b = (elem_t *)B, *c = (elem_t *)C;
#if MODE == 0
    tiled_matmul(M, N, K, a, b, D, c, K, N, N, N, 1, 1, 1, RELU, 0.0625f, 0, false, 2, 3, 1, false, false, false, false, 3, WS);
#elif MODE == 1
    tiled_matmul(M, N, K, a, b, D, c, K, N, N, N, 1, 1, 1, RELU, 0.0625f, 0, false, 3, 1, 2, false, false, false, false, 3, OS);
#elif MODE == 2
    tiled_matmul_outer(M, N, K, a, b, D, c, K, N, N, N, 1, 1, 1, 4, 4, 5, RELU, 0.0625f, 0, false, false, false, false, false, 3, WEIGHT_STATIONARY);
#elif MODE == 3
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_extended_config_st(N, RELU, 0.0625f);
    gemmini_extended3_config_ld(K, 1.0f, false, 0);
    gemmini_extended3_config_ld(N, 1.0f, false, 1);
    gemmini_extended3_config_ld(N * sizeof(acc_t), 1.0f, false, 2);
    sp_tiled_matmul_ws(a, b, D, c, 1, 1, 1, 4, 4, 5, 4, 14, 10, K, N, N, N, false, false, false, false, false, false, RELU, 0, 0);
    gemmini_fence();
#else
    matmul_cpu(false, false, M, N, K, a, b, (acc_t *)D, c, K, N, N, N, 1, 1, 1, RELU, 0.0625f, 0, false);
#endif
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            value sum = D[i][j];
            for (int k = 0; k < K; k++) sum += A[i][k] * B[k][j];
            good &= C[i][j] == narrow(sum, 0.0625f, RELU);
        }
    return verdict(good);
}

/* The hardware loop by its own command: two tiles of the sum over K, in halves that the program names or not. */
#include "include/gemmini.h"
#include "rocc-software/src/xcustom.h"
#include "check.h"
#define M 32
#define N 48
#define K 64
static elem_t A[M][K] row_align(1), B[K][N] row_align(1), C[M][N] row_align(1);
static acc_t D[N] row_align_acc(1);

int main() {
    int good = 1;
    fill(A[0], M * K, 5), fill(B[0], K * N, 5);
    for (int j = 0; j < N; j++) D[j] = number(1000);
    gemmini_extended_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0, 1, false, false);
    gemmini_extended_config_st(N, NO_ACTIVATION, 0.03125f);
    gemmini_extended3_config_ld(K, MVIN_SCALE_IDENTITY, false, 0);
    gemmini_extended3_config_ld(N, MVIN_SCALE_IDENTITY, false, 1);
    gemmini_extended3_config_ld(0, MVIN_SCALE_IDENTITY, false, 2);
#if MODE == 0
    gemmini_loop_ws(2, 3, 2, 0, 0, 0, A, B, D, NULL, K, N, 0, N, false, false, false, false, true, NO_ACTIVATION, 0, 0, false);
    gemmini_loop_ws(2, 3, 2, 0, 0, 0, &A[0][32], &B[32][0], NULL, C, K, N, 0, N, false, false, false, false, true, NO_ACTIVATION, 0, 0, false);
#elif MODE == 1
    gemmini_loop_ws(2, 3, 4, 0, 0, 0, A, B, D, C, K, N, 0, N, false, false, false, false, true, NO_ACTIVATION, 2, 1, false);
#else /* words by hand */
    ROCC_INSTRUCTION_RS1_RS2(XCUSTOM_ACC, 0, 4ull << 32 | 3 << 16 | 2, k_LOOP_WS_CONFIG_BOUNDS);
    ROCC_INSTRUCTION_RS1_RS2(XCUSTOM_ACC, A, B, k_LOOP_WS_CONFIG_ADDRS_AB);
    ROCC_INSTRUCTION_RS1_RS2(XCUSTOM_ACC, D, C, k_LOOP_WS_CONFIG_ADDRS_DC);
    ROCC_INSTRUCTION_RS1_RS2(XCUSTOM_ACC, K, N, k_LOOP_WS_CONFIG_STRIDES_AB);
    ROCC_INSTRUCTION_SS(XCUSTOM_ACC, 0, N, k_LOOP_WS_CONFIG_STRIDES_DC);
    ROCC_INSTRUCTION_0_R_R(XCUSTOM_ACC, 1, 0, k_LOOP_WS);
#endif
    gemmini_fence();
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            int sum = D[j];
            for (int k = 0; k < K; k++) sum += A[i][k] * B[k][j];
            good &= C[i][j] == narrow(sum, 0.03125f, 0);
        }
    return verdict(good);
}

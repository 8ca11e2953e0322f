/* Every kind of load and store: MODE. */
#include <stdint.h>
#include <string.h>
#include "include/gemmini_testutils.h"
#include "check.h"
static elem_t A[DIM][4 * DIM] row_align(4), C[DIM][4 * DIM] row_align(4);
static acc_t W[DIM][DIM] row_align_acc(1), V[DIM][DIM] row_align_acc(1);

static int blocks(void) { /* as many blocks at once as a request holds, two local places apart */
    gemmini_extended4_config_ld(4 * DIM, MVIN_SCALE_IDENTITY, false, 2 * DIM, 0);
    gemmini_config_st(4 * DIM);
    for (int b = 0; b < 4; b += MAX_BLOCK_LEN) gemmini_block_mvin(&A[0][b * DIM], 2 * b * DIM, MAX_BLOCK_LEN);
    for (int b = 0; b < 4; b++) gemmini_mvout(&C[0][b * DIM], 2 * b * DIM);
    gemmini_fence();
    return !memcmp(A, C, sizeof A);
}

static int zeros(void) {
    gemmini_config_ld(4 * DIM);
    gemmini_config_st(4 * DIM);
    memset(C, 9, sizeof C);
    gemmini_mvin(NULL, 64);
    gemmini_mvout(C, 64);
    gemmini_fence();
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < 2 * DIM; j++)
            if (C[i][j] != (j < DIM ? 0 : 9)) return 0;
    return 1;
}

static int whole_accumulators(void) { /* in, added to, and out as they are */
    gemmini_config_ld(DIM * sizeof(acc_t));
    gemmini_config_st(DIM * sizeof(acc_t));
    gemmini_mvin(W, 1u << 31);
    gemmini_mvin(W, 3u << 30);
    gemmini_mvout(V, 5u << 29);
    gemmini_fence();
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < DIM; j++)
            if (V[i][j] != 2 * W[i][j]) return 0;
    return 1;
}

static int scaled(void) { /* elements, scaled, into both memories */
    gemmini_extended_config_ld(4 * DIM, 0.3f);
    gemmini_extended2_config_ld(4 * DIM, 0.3f, false);
    gemmini_extended_config_st(4 * DIM, RELU, 2.5f);
    gemmini_mvin(A, 0);
    gemmini_extended3_config_ld(4 * DIM, 0.3f, true, 1);
    gemmini_extended_mvin2(A, 1u << 31, DIM, DIM);
    gemmini_mvout(C, 0);
    gemmini_mvout(&C[0][DIM], 1u << 31);
    gemmini_fence();
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < DIM; j++) {
            int once = narrow(A[i][j], 0.3f, 0);
            if (C[i][j] != once || C[i][DIM + j] != narrow(once, 2.5f, RELU)) return 0;
        }
    return 1;
}

static int ragged(void) { /* a row repeated; odd sizes */
    gemmini_config_ld(0);
    gemmini_config_st(4 * DIM);
    memset(C, 1, sizeof C);
    gemmini_extended_mvin(&A[3][5], 100, 11, 7);
    gemmini_extended_mvout(&C[2][3], 100, 9, 5);
    gemmini_fence();
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < 4 * DIM; j++)
            if (C[i][j] != (i >= 2 && i < 7 && j >= 3 && j < 12 ? A[3][5 + j - 3] : 1)) return 0;
    return 1;
}

static int pixels(void) { /* each row also in the row before, shifted */
    gemmini_extended5_config_ld(4 * DIM, MVIN_SCALE_IDENTITY, false, DIM, 2, 0);
    gemmini_config_st(4 * DIM);
    gemmini_extended_mvin(A, 32, 5, 8);
    gemmini_extended_mvout(C, 32, 10, 7);
    gemmini_fence();
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 10; j++)
            if (C[i][j] != (j < 5 ? A[i][j] : A[i + 1][j - 5])) return 0;
    return 1;
}

static int pooled(void) { /* windows of 2 x 2 over 4 x 4 pixels, one padded row above */
    gemmini_extended3_config_ld(4 * DIM, 1.0f, true, 0);
    gemmini_extended2_config_st(DIM, NO_ACTIVATION, 1.0f, 2, 2, 2, 2, 2, 4, 4, 1, 0);
    gemmini_mvin(A, 1u << 31);
    gemmini_extended_mvout(C, 1u << 31, DIM, 0);
    gemmini_fence();
    for (int p = 0; p < 4; p++)
        for (int c = 0; c < DIM; c++) {
            int best = -128;
            for (int w = 0; w < 4; w++) {
                int row = p / 2 * 2 + w / 2 - 1, col = p % 2 * 2 + w % 2, x = row < 0 ? 0 : A[row * 4 + col][c];
                best = x > best ? x : best;
            }
            if (((elem_t *)C)[p * DIM + c] != best) return 0;
        }
    return 1;
}

int main(void) {
    int (*const all[])(void) = {blocks, zeros, whole_accumulators, scaled, ragged, pixels, pooled};
    fill(A[0], COUNT(A), 127);
    for (int i = 0; i < DIM * DIM; i++) W[i / DIM][i % DIM] = number(32767) * 30000;
    gemmini_flush(0);
    return verdict(all[MODE]());
}

/* Products of any size, tile by tile: with the hardware loop (weight stationary) or with commands (output stationary). */
#ifndef ACCELCORE_GEMMINI_MATMUL_H
#define ACCELCORE_GEMMINI_MATMUL_H

#include "include/gemmini_plain.h"

static inline int gemmini_pad(size_t at, size_t blocks, size_t size) {
    size_t end = (at + blocks) * DIM;
    return end > size ? (int)(end - size) : 0;
}

/* One tile with the hardware loop.  Without D the accumulator's sum goes on; with no_bias, D only says that a sum begins. */
static void sp_tiled_matmul_ws(const elem_t *A, const elem_t *B, const void *D, void *C, scale_t A_scale, scale_t B_scale,
                               scale_acc_t D_scale, size_t I, size_t J, size_t K, size_t pad_I, size_t pad_J, size_t pad_K,
                               size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C, bool transA, bool transB,
                               bool full_C, bool low_D, bool no_bias, bool repeating_bias, int act, int a_spad_id, int b_spad_id) {
    gemmini_loop_ws(I, J, K, pad_I, pad_J, pad_K, A, B, no_bias ? NULL : D, C, stride_A, stride_B, repeating_bias ? 0 : stride_D, stride_C,
                    transA, transB, full_C, low_D, !no_bias || D == NULL, act, a_spad_id, b_spad_id, false);
    (void)A_scale, (void)B_scale, (void)D_scale;
}

/* Rows x cols blocks of a matrix into consecutive local blocks, as many columns at once as one row of DMA holds. */
static void gemmini_load_blocks(int state, const char *from, uint32_t to, size_t rows, size_t cols, size_t pad_rows, size_t pad_cols,
                                size_t stride_bytes, size_t bytes, size_t most) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c += most) {
            size_t n = gemmini_least(most, cols - c), high = DIM - (r == rows - 1 ? pad_rows : 0), wide = n * DIM - (c + n == cols ? pad_cols : 0);
            const char *at = from + r * DIM * stride_bytes + c * DIM * bytes;
            uint32_t local = to + (uint32_t)((r * cols + c) * DIM);
            if (state == 0) { gemmini_extended_mvin(at, local, wide, high); }
            else if (state == 1) { gemmini_extended_mvin2(at, local, wide, high); }
            else { gemmini_extended_mvin3(at, local, wide, high); }
        }
}

/* One tile, output stationary: the tile is loaded whole, and each sum stays in the array over K. */
static void sp_tiled_matmul_os(const elem_t *A, const elem_t *B, const void *D, void *C, scale_t A_scale, scale_t B_scale,
                               scale_acc_t D_scale, size_t I, size_t J, size_t K, size_t pad_I, size_t pad_J, size_t pad_K,
                               size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C, bool transA, bool transB,
                               bool full_C, bool low_D, bool no_bias, bool repeating_bias, int act) {
    const uint32_t a_at = 0, b_at = BANK_NUM * BANK_ROWS - K * J * DIM, acc = 1u << 31, add = 1u << 30, full = 1u << 29;
    size_t e = sizeof(elem_t), d_bytes = low_D ? e : sizeof(acc_t), c_bytes = full_C ? sizeof(acc_t) : e;
    int accumulate = !no_bias || D == NULL;
    if (D && !no_bias)
        gemmini_load_blocks(2, (const char *)D, acc, I, J, pad_I, pad_J, repeating_bias ? 0 : stride_D * d_bytes, d_bytes, low_D ? MAX_BLOCK_LEN : 1);
    gemmini_load_blocks(1, (const char *)B, b_at, transB ? J : K, transB ? K : J, transB ? pad_J : pad_K, transB ? pad_K : pad_J, stride_B * e, e, MAX_BLOCK_LEN);
    gemmini_load_blocks(0, (const char *)A, a_at, transA ? K : I, transA ? I : K, transA ? pad_K : pad_I, transA ? pad_I : pad_K, stride_A * e, e, MAX_BLOCK_LEN);
    for (size_t i = 0; i < I; i++)
        for (size_t j = 0; j < J; j++) {
            size_t rows = DIM - (i == I - 1 ? pad_I : 0), cols = DIM - (j == J - 1 ? pad_J : 0);
            uint32_t to = acc + (uint32_t)((i * J + j) * DIM);
            for (size_t k = 0; k < K; k++) {
                size_t depth = DIM - (k == K - 1 ? pad_K : 0);
                uint32_t a = a_at + (uint32_t)((transA ? k * I + i : i * K + k) * DIM), b = b_at + (uint32_t)((transB ? j * K + k : k * J + j) * DIM);
                gemmini_extended_preload(GARBAGE_ADDR, k < K - 1 ? GARBAGE_ADDR : accumulate ? to | add : to, cols, rows, cols, rows);
                if (k == 0) { gemmini_extended_compute_preloaded(a, b, depth, rows, cols, depth); }
                else { gemmini_extended_compute_accumulated(a, b, depth, rows, cols, depth); }
            }
            if (C) gemmini_extended_mvout((char *)C + (i * stride_C + j) * DIM * c_bytes, full_C ? to | full : to, cols, rows);
        }
    (void)A_scale, (void)B_scale, (void)D_scale, (void)act;
}

static void gemmini_configure_activation(int act, acc_scale_t bert_scale) {
    if (act == IGELU) {
        gemmini_constants k = gemmini_igelu_constants(bert_scale);
        gemmini_config_norm(0, 0, 0, 0, 0, k.qb, k.qc);
    } else if (act == SOFTMAX) {
        gemmini_constants k = gemmini_softmax_constants(bert_scale);
        gemmini_config_norm(k.qln2, 0, 0, 1, 0, k.qb, k.qc);
        gemmini_config_norm(k.qln2_inv, 1, 0, 1, 0, k.qb, k.qc);
    }
}

/* Both operands, bias and result tile by tile; tile sizes are in blocks.  Ends with a fence.  An operand of at most two tiles is
 * loaded once, each tile into its own half of the scratchpad, and stays there. */
static void tiled_matmul_outer(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t *A, const elem_t *B, const void *D,
                               void *C, size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C,
                               scale_t A_scale, scale_t B_scale, scale_acc_t D_scale, size_t tile_I, size_t tile_J,
                               size_t tile_K, int act, acc_scale_t scale, acc_scale_t bert_scale, bool repeating_bias,
                               bool transA, bool transB, bool full_C, bool low_D, uint8_t weightA, int dataflow) {
    size_t I = gemmini_ceil_div(dim_I, DIM), J = gemmini_ceil_div(dim_J, DIM), K = gemmini_ceil_div(dim_K, DIM);
    size_t d_bytes = low_D ? sizeof(elem_t) : sizeof(acc_t), c_bytes = full_C ? sizeof(acc_t) : sizeof(elem_t);
    gemmini_extended_config_ex(dataflow, act & 3, 0, 1, transA, transB);
    gemmini_extended_config_st(stride_C * c_bytes, act & 3, scale);
    gemmini_extended3_config_ld(stride_A * sizeof(elem_t), A_scale, 0, 0);
    gemmini_extended3_config_ld(stride_B * sizeof(elem_t), B_scale, 0, 1);
    gemmini_extended3_config_ld(repeating_bias ? 0 : stride_D * d_bytes, D_scale, low_D, 2);
    gemmini_configure_activation(act, bert_scale);
    const size_t tiles_I = gemmini_ceil_div(I, tile_I), tiles_J = gemmini_ceil_div(J, tile_J), tiles_K = gemmini_ceil_div(K, tile_K);
    const bool a_stays = tiles_I * tiles_K <= 2, b_stays = tiles_J * tiles_K <= 2;
    for (size_t i = 0; i < I; i += tile_I)
        for (size_t j = 0; j < J; j += tile_J)
            for (size_t k = 0; k < K; k += tile_K) {
                size_t nI = gemmini_least(tile_I, I - i), nJ = gemmini_least(tile_J, J - j), nK = gemmini_least(tile_K, K - k);
                const elem_t *a = A + (transA ? k * stride_A + i : i * stride_A + k) * DIM;
                const elem_t *b = B + (transB ? j * stride_B + k : k * stride_B + j) * DIM;
                const char *d = D && k == 0 ? (const char *)D + ((repeating_bias ? 0 : i * stride_D) + j) * DIM * d_bytes : k == 0 ? (const char *)A : NULL;
                char *c = k + nK == K ? (char *)C + (i * stride_C + j) * DIM * c_bytes : NULL;
                int pad_I = gemmini_pad(i, nI, dim_I), pad_J = gemmini_pad(j, nJ, dim_J), pad_K = gemmini_pad(k, nK, dim_K);
                bool no_bias = !D;
                if (dataflow == WEIGHT_STATIONARY)
                    sp_tiled_matmul_ws(a_stays && j ? NULL : a, b_stays && i ? NULL : b, d, c, A_scale, B_scale, D_scale, nI, nJ, nK, pad_I, pad_J,
                                       pad_K, stride_A, stride_B, stride_D, stride_C, transA, transB, full_C, low_D, no_bias, repeating_bias, act,
                                       a_stays ? 1 + (i + k > 0) : 0, b_stays ? 1 + (j + k > 0) : 0);
                else
                    sp_tiled_matmul_os(a, b, d, c, A_scale, B_scale, D_scale, nI, nJ, nK, pad_I, pad_J, pad_K, stride_A, stride_B, stride_D,
                                       stride_C, transA, transB, full_C, low_D, no_bias, repeating_bias, act);
            }
    gemmini_fence();
    (void)weightA;
}

/* Whether a tile of I x J x K blocks fits; the hardware loop has half of the local memories for each of two tiles. */
static inline int gemmini_fits(size_t I, size_t J, size_t K, int halves) {
    return (I * K + K * J) * DIM <= BANK_NUM * BANK_ROWS / halves && I * J * DIM <= ACC_ROWS / halves;
}

static void gemmini_check_matmul(size_t dim_J, size_t I, size_t J, size_t K, int act, bool transA, bool transB, bool full_C,
                                 enum tiled_matmul_type_t type) {
    bool rows = act == LAYERNORM || act == SOFTMAX;
    if (!I || !J || !K || (type != CPU && !gemmini_fits(I, J, K, type == WS ? 2 : 1))) gemmini_refuse("tiled_matmul: a tile that does not fit");
    if (type == CPU) return;
    if (type == WS ? transA && transB : transB && !transA) gemmini_refuse("tiled_matmul: the array has one transposer");
    if (rows && (J * DIM < dim_J || type == OS)) gemmini_refuse("tiled_matmul: this activation needs whole rows in a tile, weight stationary");
    if (act > RELU && full_C) gemmini_refuse("tiled_matmul: whole accumulators are stored without activation");
}

static void tiled_matmul(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t *A, const elem_t *B, const void *D, void *C,
                         size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C, scale_t A_scale,
                         scale_t B_scale, scale_acc_t D_scale, int act, acc_scale_t scale, acc_scale_t bert_scale,
                         bool repeating_bias, size_t tile_I, size_t tile_J, size_t tile_K, bool transpose_A,
                         bool transpose_B, bool full_C, bool low_D, uint8_t weightA, enum tiled_matmul_type_t type) {
    gemmini_check_matmul(dim_J, tile_I, tile_J, tile_K, act, transpose_A, transpose_B, full_C, type);
    if (type == CPU)
        gemmini_matmul_plain(transpose_A, transpose_B, dim_I, dim_J, dim_K, A, B, D, C, stride_A, stride_B, stride_D, stride_C, A_scale,
                             B_scale, D_scale, act, scale, bert_scale, repeating_bias, full_C, low_D);
    else
        tiled_matmul_outer(dim_I, dim_J, dim_K, A, B, D, C, stride_A, stride_B, stride_D, stride_C, A_scale, B_scale, D_scale,
                           tile_I, tile_J, tile_K, act, scale, bert_scale, repeating_bias, transpose_A, transpose_B, full_C,
                           low_D, weightA, type == WS ? WEIGHT_STATIONARY : OUTPUT_STATIONARY);
}

/* Tile sizes: from a square of the accumulator on, grown by J, I and K in turn while the memories hold it. */
static void tiled_matmul_auto(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t *A, const elem_t *B, const void *D,
                              void *C, size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C, scale_t A_scale,
                              scale_t B_scale, scale_acc_t D_scale, int act, acc_scale_t scale, acc_scale_t bert_scale,
                              bool repeating_bias, bool transpose_A, bool transpose_B, bool full_C, bool low_D,
                              uint8_t weightA, enum tiled_matmul_type_t type) {
    size_t I = gemmini_ceil_div(dim_I, DIM), J = gemmini_ceil_div(dim_J, DIM), K = gemmini_ceil_div(dim_K, DIM), square = 1;
    int halves = type == WS ? 2 : 1, rows = act == LAYERNORM || act == SOFTMAX;
    while ((square + 1) * (square + 1) <= ACC_ROWS / halves / DIM) square++;
    size_t i = rows ? 1 : gemmini_least(I, square), j = rows ? J : gemmini_least(J, square);
    size_t k = rows ? 1 : gemmini_least(K, BANK_NUM * BANK_ROWS / 2 / halves / DIM / square);
    for (int grown = 1; grown;) {
        grown = 0;
        if (j < J && gemmini_fits(i, j + 1, k, halves)) j++, grown = 1;
        if (i < I && gemmini_fits(i + 1, j, k, halves)) i++, grown = 1;
        if (k < K && gemmini_fits(i, j, k + 1, halves)) k++, grown = 1;
    }
    tiled_matmul(dim_I, dim_J, dim_K, A, B, D, C, stride_A, stride_B, stride_D, stride_C, A_scale, B_scale, D_scale, act, scale,
                 bert_scale, repeating_bias, i, j, k, transpose_A, transpose_B, full_C, low_D, weightA, type);
}
#endif

/* Commands and a library over them: products, residual additions and convolutions of any size, and their plain forms. */
#ifndef ACCELCORE_GEMMINI_H
#define ACCELCORE_GEMMINI_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/gemmini_commands.h"

enum tiled_matmul_type_t { OS, WS, CPU };

static inline size_t gemmini_ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
static inline size_t gemmini_least(size_t a, size_t b) { return a < b ? a : b; }
static inline int gemmini_pad(size_t at, size_t blocks, size_t size) {
    size_t end = (at + blocks) * DIM;
    return end > size ? (int)(end - size) : 0;
}

/* C = act(scale * (A B + D)), element by element, in plain C. */
static void matmul_cpu(bool transA, bool transB, size_t DIM_I, size_t DIM_J, size_t DIM_K, const elem_t *A, const elem_t *B,
                       const acc_t *D, elem_t *C, size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C,
                       scale_t A_scale, scale_t B_scale, scale_acc_t D_scale, int act, acc_scale_t scale,
                       acc_scale_t bert_scale, bool repeating_bias) {
    for (size_t i = 0; i < DIM_I; i++)
        for (size_t j = 0; j < DIM_J; j++) {
            acc_t sum = D ? MVIN_SCALE_ACC(D[repeating_bias ? j : i * stride_D + j], D_scale) : 0;
            for (size_t k = 0; k < DIM_K; k++) {
                elem_t a = MVIN_SCALE(transA ? A[k * stride_A + i] : A[i * stride_A + k], A_scale);
                elem_t b = MVIN_SCALE(transB ? B[j * stride_B + k] : B[k * stride_B + j], B_scale);
                sum += (acc_t)a * b;
            }
            elem_t out = ACC_SCALE(sum, scale);
            C[i * stride_C + j] = act == RELU && out < 0 ? 0 : out;
        }
    (void)bert_scale;
}

/* One tile with the hardware loop.  accumulate: the accumulator holds an earlier part of the sum, or D does. */
static inline void sp_tiled_matmul_ws(const elem_t *A, const elem_t *B, const void *D, void *C, size_t I, size_t J, size_t K,
                                      size_t pad_I, size_t pad_J, size_t pad_K, size_t stride_A, size_t stride_B,
                                      size_t stride_D, size_t stride_C, bool transA, bool transB, bool full_C, bool low_D,
                                      bool accumulate, bool repeating_bias, int act) {
    gemmini_loop_ws(I, J, K, pad_I, pad_J, pad_K, A, B, D, C, stride_A, stride_B, repeating_bias ? 0 : stride_D, stride_C, transA, transB,
                    full_C, low_D, accumulate, act, 0, 0, 0);
}

/* One tile of commands of its own, output stationary: block by block, the sum stays in the array over K. */
static inline void sp_tiled_matmul_os(const elem_t *A, const elem_t *B, const void *D, void *C, size_t I, size_t J, size_t K,
                                      size_t pad_I, size_t pad_J, size_t pad_K, size_t stride_A, size_t stride_B,
                                      size_t stride_D, size_t stride_C, bool transA, bool transB, bool full_C, bool low_D,
                                      bool accumulate, bool repeating_bias, int act) {
    const uint32_t a_at = 0, b_at = BANK_NUM * BANK_ROWS / 2, acc = 1u << 31, add = 1u << 30, full = 1u << 29;
    size_t d_bytes = low_D ? sizeof(elem_t) : sizeof(acc_t), c_bytes = full_C ? sizeof(acc_t) : sizeof(elem_t);
    for (size_t i = 0; i < I; i++)
        for (size_t j = 0; j < J; j++) {
            size_t rows = DIM - (i == I - 1 ? pad_I : 0), cols = DIM - (j == J - 1 ? pad_J : 0);
            uint32_t to = acc + (uint32_t)((i * J + j) * DIM);
            if (D) gemmini_extended_mvin3((const char *)D + ((repeating_bias ? 0 : i * stride_D) + j) * DIM * d_bytes, to, cols, rows);
            for (size_t k = 0; k < K; k++) {
                size_t depth = DIM - (k == K - 1 ? pad_K : 0);
                const elem_t *a = A + (transA ? k * stride_A + i : i * stride_A + k) * DIM;
                const elem_t *b = B + (transB ? j * stride_B + k : k * stride_B + j) * DIM;
                gemmini_extended_mvin(a, a_at + k * DIM, transA ? rows : depth, transA ? depth : rows);
                gemmini_extended_mvin2(b, b_at + k * DIM, transB ? depth : cols, transB ? cols : depth);
            }
            for (size_t k = 0; k < K; k++) {
                size_t depth = DIM - (k == K - 1 ? pad_K : 0);
                uint32_t c = k < K - 1 ? GARBAGE_ADDR : accumulate ? to | add : to;
                gemmini_extended_preload(GARBAGE_ADDR, c, cols, rows, cols, rows);
                if (k == 0) { gemmini_extended_compute_preloaded(a_at, b_at, depth, rows, cols, depth); }
                else { gemmini_extended_compute_accumulated(a_at + k * DIM, b_at + k * DIM, depth, rows, cols, depth); }
            }
            if (C) gemmini_extended_mvout((char *)C + (i * stride_C + j) * DIM * c_bytes, full_C ? to | full : to, cols, rows);
        }
}

/* Both operands, bias and result tile by tile; tile sizes are in blocks. */
static void tiled_matmul_outer(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t *A, const elem_t *B, const void *D,
                               void *C, size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C,
                               scale_t A_scale, scale_t B_scale, scale_acc_t D_scale, size_t tile_I, size_t tile_J,
                               size_t tile_K, int act, acc_scale_t scale, acc_scale_t bert_scale, bool repeating_bias,
                               bool transA, bool transB, bool full_C, bool low_D, uint8_t weightA, int dataflow) {
    size_t I = gemmini_ceil_div(dim_I, DIM), J = gemmini_ceil_div(dim_J, DIM), K = gemmini_ceil_div(dim_K, DIM);
    size_t d_bytes = low_D ? sizeof(elem_t) : sizeof(acc_t), c_bytes = full_C ? sizeof(acc_t) : sizeof(elem_t);
    gemmini_extended_config_ex(dataflow, NO_ACTIVATION, 0, 1, transA, transB);
    gemmini_extended_config_st(stride_C * c_bytes, act, scale);
    gemmini_extended3_config_ld(stride_A * sizeof(elem_t), A_scale, 0, 0);
    gemmini_extended3_config_ld(stride_B * sizeof(elem_t), B_scale, 0, 1);
    gemmini_extended3_config_ld(repeating_bias ? 0 : stride_D * d_bytes, D_scale, low_D, 2);
    for (size_t i = 0; i < I; i += tile_I)
        for (size_t j = 0; j < J; j += tile_J)
            for (size_t k = 0; k < K; k += tile_K) {
                size_t nI = gemmini_least(tile_I, I - i), nJ = gemmini_least(tile_J, J - j), nK = gemmini_least(tile_K, K - k);
                const elem_t *a = A + (transA ? k * stride_A + i : i * stride_A + k) * DIM;
                const elem_t *b = B + (transB ? j * stride_B + k : k * stride_B + j) * DIM;
                const char *d = D && k == 0 ? (const char *)D + ((repeating_bias ? 0 : i * stride_D) + j) * DIM * d_bytes : NULL;
                char *c = k + nK == K ? (char *)C + (i * stride_C + j) * DIM * c_bytes : NULL;
                int pad_I = gemmini_pad(i, nI, dim_I), pad_J = gemmini_pad(j, nJ, dim_J), pad_K = gemmini_pad(k, nK, dim_K);
                (dataflow == WEIGHT_STATIONARY ? sp_tiled_matmul_ws : sp_tiled_matmul_os)(
                    a, b, d, c, nI, nJ, nK, pad_I, pad_J, pad_K, stride_A, stride_B, stride_D, stride_C, transA, transB, full_C,
                    low_D, d != NULL || k > 0, repeating_bias, act);
            }
    gemmini_fence();
    (void)weightA, (void)bert_scale;
}

static void tiled_matmul(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t *A, const elem_t *B, const void *D, void *C,
                         size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C, scale_t A_scale,
                         scale_t B_scale, scale_acc_t D_scale, int act, acc_scale_t scale, acc_scale_t bert_scale,
                         bool repeating_bias, size_t tile_I, size_t tile_J, size_t tile_K, bool transpose_A,
                         bool transpose_B, bool full_C, bool low_D, uint8_t weightA, enum tiled_matmul_type_t type) {
    if (!tile_I || !tile_J || !tile_K || (tile_I * tile_K + tile_K * tile_J) * DIM > BANK_NUM * BANK_ROWS / 2 ||
        tile_I * tile_J * DIM > ACC_ROWS / 2) {
        printf("tiled_matmul: a tile of %d x %d x %d blocks does not fit\n", (int)tile_I, (int)tile_J, (int)tile_K);
        exit(1);
    }
    if (type == CPU)
        matmul_cpu(transpose_A, transpose_B, dim_I, dim_J, dim_K, A, B, (const acc_t *)D, (elem_t *)C, stride_A, stride_B, stride_D,
                   stride_C, A_scale, B_scale, D_scale, act, scale, bert_scale, repeating_bias);
    else
        tiled_matmul_outer(dim_I, dim_J, dim_K, A, B, D, C, stride_A, stride_B, stride_D, stride_C, A_scale, B_scale, D_scale,
                           tile_I, tile_J, tile_K, act, scale, bert_scale, repeating_bias, transpose_A, transpose_B, full_C,
                           low_D, weightA, type == WS ? WEIGHT_STATIONARY : OUTPUT_STATIONARY);
}

static inline int gemmini_fits(size_t I, size_t J, size_t K) {
    return (I * K + K * J) * DIM <= BANK_NUM * BANK_ROWS / 2 && I * J * DIM <= ACC_ROWS / 2;
}

/* Tile sizes: from a square of half the accumulator on, grown by J, I and K in turn while half the memories hold it. */
static void tiled_matmul_auto(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t *A, const elem_t *B, const void *D,
                              void *C, size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C, scale_t A_scale,
                              scale_t B_scale, scale_acc_t D_scale, int act, acc_scale_t scale, acc_scale_t bert_scale,
                              bool repeating_bias, bool transpose_A, bool transpose_B, bool full_C, bool low_D,
                              uint8_t weightA, enum tiled_matmul_type_t type) {
    size_t I = gemmini_ceil_div(dim_I, DIM), J = gemmini_ceil_div(dim_J, DIM), K = gemmini_ceil_div(dim_K, DIM), square = 1;
    while ((square + 1) * (square + 1) <= ACC_ROWS / 2 / DIM) square++;
    size_t i = gemmini_least(I, square), j = gemmini_least(J, square);
    size_t k = gemmini_least(K, BANK_NUM * BANK_ROWS / 4 / DIM / square);
    for (int grown = 1; grown;) {
        grown = 0;
        if (j < J && gemmini_fits(i, j + 1, k)) j++, grown = 1;
        if (i < I && gemmini_fits(i + 1, j, k)) i++, grown = 1;
        if (k < K && gemmini_fits(i, j, k + 1)) k++, grown = 1;
    }
    tiled_matmul(dim_I, dim_J, dim_K, A, B, D, C, stride_A, stride_B, stride_D, stride_C, A_scale, B_scale, D_scale, act, scale,
                 bert_scale, repeating_bias, i, j, k, transpose_A, transpose_B, full_C, low_D, weightA, type);
}

/* C = relu?(C_scale * (A_scale * A + B_scale * B)) in plain C. */
static void resadd_cpu(size_t I, size_t J, scale_t A_scale, scale_t B_scale, acc_scale_t C_scale, const elem_t *A,
                       const elem_t *B, elem_t *C, bool relu) {
    for (size_t at = 0; at < I * J; at++) {
        acc_t sum = (acc_t)MVIN_SCALE(A[at], A_scale) + MVIN_SCALE(B[at], B_scale);
        elem_t out = ACC_SCALE(sum, C_scale);
        C[at] = relu && out < 0 ? 0 : out;
    }
}

static void tiled_resadd(size_t I, size_t J, size_t tile_I, size_t tile_J, scale_t A_scale, scale_t B_scale,
                         acc_scale_t C_scale, const elem_t *A, const elem_t *B, elem_t *C, bool relu,
                         enum tiled_matmul_type_t type) {
    if (type == CPU) {
        resadd_cpu(I, J, A_scale, B_scale, C_scale, A, B, C, relu);
        return;
    }
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_extended_config_st(J * sizeof(elem_t), relu ? RELU : NO_ACTIVATION, C_scale);
    gemmini_extended3_config_ld(J * sizeof(elem_t), A_scale, 1, 0);
    gemmini_extended3_config_ld(J * sizeof(elem_t), B_scale, 1, 1);
    size_t bI = gemmini_ceil_div(I, DIM), bJ = gemmini_ceil_div(J, DIM);
    for (size_t i = 0; i < bI; i += tile_I)
        for (size_t j = 0; j < bJ; j += tile_J) {
            size_t nI = gemmini_least(tile_I, bI - i), nJ = gemmini_least(tile_J, bJ - j), at = (i * J + j) * DIM;
            gemmini_loop_ws(nI, nJ, 1, gemmini_pad(i, nI, I), gemmini_pad(j, nJ, J), 0, A + at, B + at, NULL, C + at, J, J, J, J,
                            0, 0, 0, 0, 0, relu ? RELU : NO_ACTIVATION, 0, 0, 1);
        }
    gemmini_fence();
}

static void tiled_resadd_auto(size_t I, size_t J, scale_t A_scale, scale_t B_scale, acc_scale_t C_scale, const elem_t *A,
                              const elem_t *B, elem_t *C, bool relu, enum tiled_matmul_type_t type) {
    size_t most = ACC_ROWS / 2 / DIM, j = gemmini_least(gemmini_ceil_div(J, DIM), most);
    tiled_resadd(I, J, gemmini_least(gemmini_ceil_div(I, DIM), most / j), j, A_scale, B_scale, C_scale, A, B, C, relu, type);
}

#include "include/gemmini_conv.h"
#endif

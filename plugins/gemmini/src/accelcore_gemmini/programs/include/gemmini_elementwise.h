/* Sums of two tensors, averages over pixels, and norms of rows. */
#ifndef ACCELCORE_GEMMINI_ELEMENTWISE_H
#define ACCELCORE_GEMMINI_ELEMENTWISE_H

#include "include/gemmini_matmul.h"

/* C = relu?(C_scale * (A_scale * A + B_scale * B)) in plain C. */
static void gemmini_resadd_plain(size_t I, size_t J, size_t stride, scale_t A_scale, scale_t B_scale, acc_scale_t C_scale,
                                 const elem_t *A, const elem_t *B, elem_t *C, bool relu) {
    for (size_t i = 0; i < I; i++)
        for (size_t j = 0; j < J; j++) {
            size_t at = i * stride + j;
            acc_t sum = (acc_t)MVIN_SCALE(A[at], A_scale) + MVIN_SCALE(B[at], B_scale);
            elem_t out = ACC_SCALE(sum, C_scale);
            C[at] = relu && out < 0 ? 0 : out;
        }
}

static void gemmini_resadd_tiles(size_t I, size_t J, size_t stride, size_t tile_I, size_t tile_J, scale_t A_scale, scale_t B_scale,
                                 acc_scale_t C_scale, const elem_t *A, const elem_t *B, elem_t *C, bool relu, enum tiled_matmul_type_t type) {
    if (type == CPU) {
        gemmini_resadd_plain(I, J, stride, A_scale, B_scale, C_scale, A, B, C, relu);
        return;
    }
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_extended_config_st(stride * sizeof(elem_t), relu ? RELU : NO_ACTIVATION, C_scale);
    gemmini_extended3_config_ld(stride * sizeof(elem_t), A_scale, 1, 0);
    gemmini_extended3_config_ld(stride * sizeof(elem_t), B_scale, 1, 1);
    size_t bI = gemmini_ceil_div(I, DIM), bJ = gemmini_ceil_div(J, DIM);
    for (size_t i = 0; i < bI; i += tile_I)
        for (size_t j = 0; j < bJ; j += tile_J) {
            size_t nI = gemmini_least(tile_I, bI - i), nJ = gemmini_least(tile_J, bJ - j), at = (i * stride + j) * DIM;
            gemmini_loop_ws(nI, nJ, 1, gemmini_pad(i, nI, I), gemmini_pad(j, nJ, J), 0, A + at, B + at, NULL, C + at, stride, stride, stride,
                            stride, 0, 0, 0, 0, 0, relu ? RELU : NO_ACTIVATION, 0, 0, 1);
        }
    gemmini_fence();
}

/* Both forms: with a common row stride after the sizes, or dense. */
#define GEMMINI_RESADD_CPU10(I, J, stride, ...) gemmini_resadd_plain(I, J, stride, __VA_ARGS__)
#define GEMMINI_RESADD_CPU9(I, J, ...) gemmini_resadd_plain(I, J, J, __VA_ARGS__)
#define resadd_cpu(...) GEMMINI_BY_COUNT(GEMMINI_RESADD_CPU, __VA_ARGS__)
#define GEMMINI_RESADD13(I, J, stride, ...) gemmini_resadd_tiles(I, J, stride, __VA_ARGS__)
#define GEMMINI_RESADD12(I, J, ...) gemmini_resadd_tiles(I, J, J, __VA_ARGS__)
#define tiled_resadd(...) GEMMINI_BY_COUNT(GEMMINI_RESADD, __VA_ARGS__)

static void tiled_resadd_stride_auto(size_t I, size_t J, scale_t A_scale, scale_t B_scale, acc_scale_t C_scale, size_t J_stride,
                                     const elem_t *A, const elem_t *B, elem_t *C, bool relu, enum tiled_matmul_type_t type) {
    size_t most = ACC_ROWS / 2 / DIM, j = gemmini_least(gemmini_ceil_div(J, DIM), most);
    gemmini_resadd_tiles(I, J, J_stride, gemmini_least(gemmini_ceil_div(I, DIM), most / j), j, A_scale, B_scale, C_scale, A, B, C, relu, type);
}

static void tiled_resadd_auto(size_t I, size_t J, scale_t A_scale, scale_t B_scale, acc_scale_t C_scale, const elem_t *A,
                              const elem_t *B, elem_t *C, bool relu, enum tiled_matmul_type_t type) {
    tiled_resadd_stride_auto(I, J, A_scale, B_scale, C_scale, J, A, B, C, relu, type);
}

static void gemmini_global_average_plain(const elem_t *input, elem_t *output, int batches, int channels, int pixels) {
    for (int b = 0; b < batches; b++)
        for (int c = 0; c < channels; c++) {
            acc_t sum = 0;
            for (int p = 0; p < pixels; p++) sum += input[((size_t)b * pixels + p) * channels + c];
            output[(size_t)b * channels + c] = ACC_SCALE(sum, 1.0f / pixels);
        }
}

/* The mean of dim x dim pixels of each channel: pixels are added up in one accumulator row while they are loaded. */
static void tiled_global_average_auto(const elem_t *input, elem_t *output, int batches, int channels, int dim, enum tiled_matmul_type_t type) {
    const int pixels = dim * dim, wide = MAX_BLOCK_LEN * DIM;
    if (type == CPU) {
        gemmini_global_average_plain(input, output, batches, channels, pixels);
        return;
    }
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_extended3_config_ld(channels * sizeof(elem_t), MVIN_SCALE_IDENTITY, 1, 0);
    gemmini_extended_config_st(channels * sizeof(elem_t), NO_ACTIVATION, 1.0f / pixels);
    int half = 0;
    for (int b = 0; b < batches; b++)
        for (int c = 0; c < channels; c += wide, half ^= 1) {
            int n = gemmini_min(wide, channels - c);
            uint32_t to = 1u << 31 | (uint32_t)(half * ACC_ROWS / 2);
            for (int p = 0; p < pixels; p++) {
                gemmini_extended_mvin(input + ((size_t)b * pixels + p) * channels + c, p ? to | 1u << 30 : to, n, 1);
            }
            gemmini_extended_mvout(output + (size_t)b * channels + c, to, n, 1);
        }
    gemmini_fence();
}

/* Rows [i, i + n) of a matrix of accumulators through layernorm or softmax; the whole row is in the accumulator. */
static void gemmini_norm_rows(size_t J, const acc_t *in, elem_t *out, int act, size_t rows, uint32_t to) {
    static const int commands[2][3][2] = {{{1, 2}, {3, 4}, {0, 0}}, {{5, 5}, {6, 7}, {0, 0}}};
    const size_t wide = MAX_BLOCK_LEN * DIM;
    for (size_t j = 0; j < J; j += DIM) gemmini_extended_mvin(in + j, to + j, gemmini_least(DIM, J - j), rows);
    for (size_t row = 0; row < rows; row++) {
        gemmini_config_norm(0, 0, 1, 0, row % 4, 0, 0);
        for (int step = 0; step < 3; step++)
            for (size_t j = 0; j < J; j += wide) {
                uint32_t command = commands[act == SOFTMAX][step][j + wide >= J];
                gemmini_extended_mvout(out + row * J + j, (to + row + j) | command << 26, gemmini_least(wide, J - j), 1);
            }
    }
}

static void tiled_norm(size_t I, size_t J, size_t tile_I, size_t tile_J, const acc_t *in, elem_t *out, int act, enum tiled_matmul_type_t type) {
    const acc_scale_t softmax_scale = 0.05f;
    if (type == CPU) {
        for (size_t i = 0; i < I; i++) gemmini_activate_row(J, in + i * J, out + i * J, act, ACC_SCALE_IDENTITY, softmax_scale);
        return;
    }
    if (gemmini_ceil_div(J, DIM) * DIM > ACC_ROWS / 2) gemmini_refuse("tiled_norm: a row does not fit into half of the accumulator");
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_config_ld(J * sizeof(acc_t));
    gemmini_extended_config_st(J * sizeof(elem_t), act & 3, ACC_SCALE_IDENTITY);
    if (act == SOFTMAX) gemmini_configure_activation(SOFTMAX, softmax_scale);
    size_t half = 0;
    for (size_t i = 0; i < I; i += DIM, half ^= 1)
        gemmini_norm_rows(J, in + i * J, out + i * J, act, gemmini_least(DIM, I - i), 1u << 31 | (uint32_t)(half * ACC_ROWS / 2));
    if (act == SOFTMAX) { gemmini_config_norm(0, 0, 0, 0, 0, 0, 0); }
    gemmini_fence();
    (void)tile_I, (void)tile_J;
}

static void tiled_norm_auto(size_t I, size_t J, const acc_t *in, elem_t *out, int act, enum tiled_matmul_type_t type) {
    tiled_norm(I, J, 1, gemmini_ceil_div(J, DIM), in, out, act, type);
}
#endif

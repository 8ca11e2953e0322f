/* Layers of networks: fully connected ones, images as matrices, pooling, sums, and depthwise convolutions on the host. */
#ifndef ACCELCORE_GEMMINI_NN_H
#define ACCELCORE_GEMMINI_NN_H

#include "include/gemmini.h"
#include "include/gemmini_testutils.h"

struct ConvParams {
    int batch_size, in_dim, in_row_dim, in_col_dim, kernel_size, in_channels, in_stride, out_channels, weight_stride, out_stride, stride, padding;
    bool bias, depthwise;
    int out_dim, out_row_dim, out_col_dim, n_patches, patch_size;
    acc_scale_t output_scale;
    scale_t res_scale;
    int pool_size, pool_stride, pool_padding, out_dim_pooled, I, J, K, dilation;
};

struct FcParams {
    int batch_size, in_features, out_features;
    acc_scale_t output_scale;
    bool bias;
    int out_stride, I, J, K;
};

static inline int gemmini_in_rows(const struct ConvParams *p) { return p->in_row_dim ? p->in_row_dim : p->in_dim; }
static inline int gemmini_in_cols(const struct ConvParams *p) { return p->in_col_dim ? p->in_col_dim : p->in_dim; }
static inline int gemmini_out_rows(const struct ConvParams *p) { return p->out_row_dim ? p->out_row_dim : p->out_dim; }
static inline int gemmini_out_cols(const struct ConvParams *p) { return p->out_col_dim ? p->out_col_dim : p->out_dim; }

/* Ends the program where a layer's result differs from that of plain C. */
static void gemmini_check_layer(size_t I, size_t J, size_t K, const elem_t *A, const elem_t *B, const void *D, const elem_t *C, int act,
                                acc_scale_t scale, bool repeating_bias, const char *layer_name) {
    elem_t *gold = (elem_t *)malloc(I * J * sizeof(elem_t));
    int same = 1;
    matmul_cpu(false, false, I, J, K, A, B, (const acc_t *)D, gold, K, J, J, J, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, act,
               scale, 0, repeating_bias);
    for (size_t at = 0; at < I * J; at++) same &= gemmini_same(C[at], gold[at]);
    free(gold);
    if (same) return;
    printf("%s: the result differs\n", layer_name);
    exit(1);
}

/* C = act(scale * (A B + D)) of dense matrices, with tile sizes given or chosen; with check, against plain C. */
static void tiled_matmul_nn(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t A[dim_I][dim_K], const elem_t B[dim_K][dim_J], const void *D,
                            elem_t C[dim_I][dim_J], int act, acc_scale_t scale, bool repeating_bias, size_t tile_I, size_t tile_J, size_t tile_K,
                            enum tiled_matmul_type_t type, bool check, char *layer_name) {
    if (check) printf("%s: gemmini\n", layer_name);
    tiled_matmul(dim_I, dim_J, dim_K, (const elem_t *)A, (const elem_t *)B, D, C, dim_K, dim_J, dim_J, dim_J, MVIN_SCALE_IDENTITY,
                 MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, act, scale, 0, repeating_bias, tile_I, tile_J, tile_K, false, false, false, false, 0, type);
    if (check) gemmini_check_layer(dim_I, dim_J, dim_K, (const elem_t *)A, (const elem_t *)B, D, (const elem_t *)C, act, scale, repeating_bias, layer_name);
}

static void tiled_matmul_nn_auto(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t A[dim_I][dim_K], const elem_t B[dim_K][dim_J], const void *D,
                                 elem_t C[dim_I][dim_J], int act, acc_scale_t scale, bool repeating_bias, enum tiled_matmul_type_t type, bool check,
                                 char *layer_name) {
    if (check) printf("%s: gemmini\n", layer_name);
    tiled_matmul_auto(dim_I, dim_J, dim_K, (const elem_t *)A, (const elem_t *)B, D, C, dim_K, dim_J, dim_J, dim_J, MVIN_SCALE_IDENTITY,
                      MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, act, scale, 0, repeating_bias, false, false, false, false, 0, type);
    if (check) gemmini_check_layer(dim_I, dim_J, dim_K, (const elem_t *)A, (const elem_t *)B, D, (const elem_t *)C, act, scale, repeating_bias, layer_name);
}

/* The same with row strides of its own for each matrix. */
static void tiled_matmul_nn_auto_stride(size_t dim_I, size_t dim_J, size_t dim_K, size_t stride_A, size_t stride_B, size_t stride_C, const elem_t *A,
                                        const elem_t *B, const void *D, elem_t *C, int act, acc_scale_t scale, bool repeating_bias,
                                        enum tiled_matmul_type_t type) {
    tiled_matmul_auto(dim_I, dim_J, dim_K, A, B, D, C, stride_A, stride_B, stride_C, stride_C, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY,
                      MVIN_SCALE_IDENTITY, act, scale, 0, repeating_bias, false, false, false, false, 0, type);
}

/* A patch element of an NHWC image; zero in the padding. */
static inline elem_t gemmini_patch(const struct ConvParams *p, const elem_t *image, int b, int row, int col, int channel) {
    int rows = gemmini_in_rows(p), cols = gemmini_in_cols(p);
    if (row < 0 || col < 0 || row >= rows || col >= cols) return 0;
    return image[((size_t)(b * rows + row) * cols + col) * p->in_channels + channel];
}

/* One row of the matrix for each output pixel: the input under the kernel. */
static void gemmini_im2col(int K, const elem_t *input, elem_t *output, const struct ConvParams *p) {
    int patch = 0, rows = gemmini_out_rows(p), cols = gemmini_out_cols(p), dilation = p->dilation > 1 ? p->dilation : 1;
    for (int b = 0; b < p->batch_size; b++)
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < cols; c++, patch++)
                for (int k = 0, kr = 0; kr < p->kernel_size; kr++)
                    for (int kc = 0; kc < p->kernel_size; kc++)
                        for (int ch = 0; ch < p->in_channels; ch++, k++)
                            output[(size_t)patch * K + k] = gemmini_patch(p, input, b, r * p->stride - p->padding + kr * dilation, c * p->stride - p->padding + kc * dilation, ch);
}
#define im2col(batch_size, channels, im_dim, I, K, input, output, params) gemmini_im2col(K, (const elem_t *)(input), (elem_t *)(output), params)
#define im2col_with_col2im(prev_I, prev_J, next_I, next_K, input, output, params) \
    gemmini_im2col(next_K, (const elem_t *)(input), (elem_t *)(output), params)

/* C = A + B, the first operand scaled by a power of two or a factor. */
static void vecadd(size_t len, const elem_t *A, const elem_t *B, elem_t *C, scale_t A_shift) {
    for (size_t i = 0; i < len; i++) {
        acc_t sum = (acc_t)MVIN_SCALE(A[i], A_shift) + B[i];
        C[i] = GEMMINI_SATURATED(sum);
    }
}

static void gemmini_resadd_image(const elem_t *A, const elem_t *B, elem_t *C, size_t count, bool relu, scale_t scale) {
    for (size_t i = 0; i < count; i++) {
        acc_t sum = (acc_t)MVIN_SCALE(A[i], scale) + B[i];
        elem_t out = GEMMINI_SATURATED(sum);
        C[i] = relu && out < 0 ? 0 : out;
    }
}
#define GEMMINI_IMAGE_COUNT(batch, channels, dim) ((size_t)(batch) * (channels) * (dim) * (dim))
#define resadd1(batch, channels, dim, A, B, C, relu, params) \
    gemmini_resadd_image((const elem_t *)(A), (const elem_t *)(B), (elem_t *)(C), GEMMINI_IMAGE_COUNT(batch, channels, dim), relu, (params)->res_scale)
#define resadd2(I, J, batch, channels, dim, A, B, C, relu, params) \
    gemmini_resadd_image((const elem_t *)(A), (const elem_t *)(B), (elem_t *)(C), GEMMINI_IMAGE_COUNT(batch, channels, dim), relu, (params)->res_scale)
#define resadd3(I, J, res_I, res_J, batch, channels, dim, A, B, C, relu, params) \
    gemmini_resadd_image((const elem_t *)(A), (const elem_t *)(B), (elem_t *)(C), GEMMINI_IMAGE_COUNT(batch, channels, dim), relu, (params)->res_scale)

/* The largest pixel under each window; the padding counts as zero. */
static void gemmini_pool(int channels, int in_dim, int out_dim, const elem_t *input, elem_t *output, const struct ConvParams *p) {
    for (int b = 0; b < p->batch_size; b++)
        for (int r = 0; r < out_dim; r++)
            for (int c = 0; c < out_dim; c++)
                for (int ch = 0; ch < channels; ch++) {
                    elem_t best = elem_t_min;
                    for (int w = 0; w < p->pool_size * p->pool_size; w++) {
                        int row = r * p->pool_stride - p->pool_padding + w / p->pool_size, col = c * p->pool_stride - p->pool_padding + w % p->pool_size;
                        bool inside = row >= 0 && col >= 0 && row < in_dim && col < in_dim;
                        elem_t x = inside ? input[((size_t)(b * in_dim + row) * in_dim + col) * channels + ch] : 0;
                        best = x > best ? x : best;
                    }
                    output[((size_t)(b * out_dim + r) * out_dim + c) * channels + ch] = best;
                }
}
#define pool(batch, channels, in_dim, out_dim, input, output, params) \
    gemmini_pool(channels, in_dim, out_dim, (const elem_t *)(input), (elem_t *)(output), params)
#define pool_with_col2im(I, J, batch, channels, out_dim, input, output, params) \
    gemmini_pool(channels, gemmini_out_rows(params), out_dim, (const elem_t *)(input), (elem_t *)(output), params)

/* Depthwise convolution on the host; weights [channel][row][column], the result a matrix of pixels by channels. */
static void gemmini_conv_dw_layer(const elem_t *input, const elem_t *weights, const acc_t *bias, elem_t *output, const struct ConvParams *p) {
    gemmini_conv_dw_cpu(p->batch_size, gemmini_in_rows(p), gemmini_in_cols(p), p->in_channels, gemmini_out_rows(p), gemmini_out_cols(p), p->stride, p->padding,
                        p->kernel_size, input, weights, bias, output, RELU, p->output_scale, 0, 0, 0);
}
#define conv_dw(I, J, batch, channels, in_dim, out_dim, kernel, input, weight, bias, output, params) \
    gemmini_conv_dw_layer((const elem_t *)(input), (const elem_t *)(weight), (const acc_t *)(bias), (elem_t *)(output), params)
#define conv_dw_with_col2im(prev_I, prev_J, I, J, batch, channels, out_dim, kernel, input, weight, bias, output, params) \
    gemmini_conv_dw_layer((const elem_t *)(input), (const elem_t *)(weight), (const acc_t *)(bias), (elem_t *)(output), params)
#endif

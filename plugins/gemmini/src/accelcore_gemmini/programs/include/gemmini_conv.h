/* Convolutions over NHWC images with weights [row][column][channel in][channel out], with max pooling.
 *
 * The array computes 16 neighbouring pixels of an output row by 16 output channels a step.  Weights of up to four blocks
 * of output channels stay in the upper half of the scratchpad while the images pass through the lower half.
 */
#ifndef ACCELCORE_GEMMINI_CONV_H
#define ACCELCORE_GEMMINI_CONV_H

#include "include/gemmini.h"

typedef struct {
    int batches, in_rows, in_cols, in_channels, out_channels, out_rows, out_cols, stride, dilation, padding, kernel;
    const elem_t *input, *weights;
    const acc_t *bias;
    elem_t *output;
    int act;
    acc_scale_t scale;
    int pool_size, pool_stride, pool_padding; /* pool_size 0: none */
} gemmini_conv;

static inline int gemmini_min(int a, int b) { return a < b ? a : b; }
static inline int gemmini_max(int a, int b) { return a > b ? a : b; }

static inline int gemmini_pooled(const gemmini_conv *c, int size) {
    return c->pool_size ? (size + 2 * c->pool_padding - c->pool_size) / c->pool_stride + 1 : size;
}

/* One pixel of the convolution in plain C; 0 outside of the image, as pooling pads. */
static elem_t gemmini_conv_pixel(const gemmini_conv *c, int b, int row, int col, int och) {
    if (row < 0 || col < 0 || row >= c->out_rows || col >= c->out_cols) return 0;
    acc_t sum = c->bias ? c->bias[och] : 0;
    for (int kr = 0; kr < c->kernel; kr++)
        for (int kc = 0; kc < c->kernel; kc++) {
            int r = row * c->stride + kr * c->dilation - c->padding, l = col * c->stride + kc * c->dilation - c->padding;
            if (r < 0 || l < 0 || r >= c->in_rows || l >= c->in_cols) continue;
            const elem_t *in = c->input + ((size_t)(b * c->in_rows + r) * c->in_cols + l) * c->in_channels;
            const elem_t *w = c->weights + (size_t)(kr * c->kernel + kc) * c->in_channels * c->out_channels + och;
            for (int ch = 0; ch < c->in_channels; ch++) sum += (acc_t)in[ch] * w[(size_t)ch * c->out_channels];
        }
    elem_t out = ACC_SCALE(sum, c->scale);
    return c->act == RELU && out < 0 ? 0 : out;
}

static void gemmini_conv_plain(const gemmini_conv *c) {
    int rows = gemmini_pooled(c, c->out_rows), cols = gemmini_pooled(c, c->out_cols), n = c->pool_size ? c->pool_size : 1;
    int step = c->pool_size ? c->pool_stride : 1, pad = c->pool_size ? c->pool_padding : 0;
    elem_t *to = c->output;
    for (int b = 0; b < c->batches; b++)
        for (int r = 0; r < rows; r++)
            for (int l = 0; l < cols; l++)
                for (int och = 0; och < c->out_channels; och++) {
                    elem_t best = elem_t_min;
                    for (int w = 0; w < n * n; w++) {
                        elem_t x = gemmini_conv_pixel(c, b, r * step - pad + w / n, l * step - pad + w % n, och);
                        best = x > best ? x : best;
                    }
                    *to++ = best;
                }
}

/* Scratchpad row of the weights of one (kernel position, input channel block), for the first output channel block. */
static inline uint32_t gemmini_conv_weights(const gemmini_conv *c, int position, int ich, int blocks) {
    int depth = (c->in_channels + DIM - 1) / DIM;
    return BANK_NUM * BANK_ROWS / 2 + (uint32_t)((position * depth + ich / DIM) * blocks * DIM);
}

static void gemmini_conv_load_weights(const gemmini_conv *c, int och, int channels, int blocks) {
    gemmini_extended3_config_ld(c->out_channels * sizeof(elem_t), MVIN_SCALE_IDENTITY, 0, 1);
    for (int position = 0; position < c->kernel * c->kernel; position++)
        for (int ich = 0; ich < c->in_channels; ich += DIM)
            gemmini_extended_mvin2(c->weights + ((size_t)position * c->in_channels + ich) * c->out_channels + och,
                                   gemmini_conv_weights(c, position, ich, blocks), channels, gemmini_min(DIM, c->in_channels - ich));
}

/* Starts n pixels of the accumulator with the bias, block by block. */
static void gemmini_conv_start(const gemmini_conv *c, int och, int channels, uint32_t to, int block_rows, int n) {
    for (int o = 0; o < channels; o += DIM)
        gemmini_extended_mvin3(c->bias ? c->bias + och + o : NULL, to + (uint32_t)(o / DIM * block_rows), gemmini_min(DIM, channels - o), n);
}

/* Adds the products of n output pixels of one row, from column `col` on, at one kernel position. */
static void gemmini_conv_add(const gemmini_conv *c, int b, int row, int col, int n, int position, int channels, int blocks,
                             uint32_t to, int block_rows, uint32_t *slot) {
    int r = row * c->stride + position / c->kernel * c->dilation - c->padding;
    int shift = position % c->kernel * c->dilation - c->padding, first = 0, last = n;
    if (r < 0 || r >= c->in_rows) return;
    while (first < last && (col + first) * c->stride + shift < 0) first++;
    while (last > first && (col + last - 1) * c->stride + shift >= c->in_cols) last--;
    if (first == last) return; /* padding alone adds nothing */
    size_t pixel = (size_t)(b * c->in_rows + r) * c->in_cols + (col + first) * c->stride + shift;
    for (int ich = 0; ich < c->in_channels; ich += MAX_BLOCK_LEN * DIM) {
        int depth = gemmini_min(MAX_BLOCK_LEN * DIM, c->in_channels - ich);
        gemmini_extended_mvin(c->input + pixel * c->in_channels + ich, *slot, depth, last - first);
        for (int o = 0; o < channels; o += DIM)
            for (int k = 0; k < depth; k += DIM) {
                int deep = gemmini_min(DIM, depth - k), wide = gemmini_min(DIM, channels - o);
                uint32_t out = (to + (uint32_t)(o / DIM * block_rows + first)) | 1u << 30;
                gemmini_extended_preload(gemmini_conv_weights(c, position, ich + k, blocks) + o, out, wide, deep, wide, last - first);
                gemmini_extended_compute_preloaded(*slot + k, GARBAGE_ADDR, deep, last - first, DIM, DIM);
            }
        *slot = (*slot + MAX_BLOCK_LEN * DIM) % (BANK_NUM * BANK_ROWS / 2);
    }
}

/* A region of output pixels in the accumulator, row by row from `to` on; blocks of channels are block_rows apart. */
static void gemmini_conv_region(const gemmini_conv *c, int b, int row, int rows, int col, int cols, int och, int channels,
                                int blocks, uint32_t to, int block_rows, uint32_t *slot) {
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < cols; l += DIM) {
            int n = gemmini_min(DIM, cols - l);
            uint32_t at = to + (uint32_t)(r * cols + l);
            gemmini_conv_start(c, och, channels, at, block_rows, n);
            for (int position = 0; position < c->kernel * c->kernel; position++)
                gemmini_conv_add(c, b, row + r, col + l, n, position, channels, blocks, at, block_rows, slot);
        }
}

/* One row of an image without pooling, DIM pixels at a time, in alternate halves of the accumulator. */
static void gemmini_conv_row(const gemmini_conv *c, int b, int row, int och, int channels, int blocks, int *half, uint32_t *slot) {
    for (int col = 0; col < c->out_cols; col += DIM, *half ^= 1) {
        int n = gemmini_min(DIM, c->out_cols - col);
        uint32_t to = 1u << 31 | (uint32_t)(*half * ACC_ROWS / 2);
        gemmini_conv_region(c, b, row, 1, col, n, och, channels, blocks, to, DIM, slot);
        gemmini_extended_mvout(c->output + ((size_t)(b * c->out_rows + row) * c->out_cols + col) * c->out_channels + och, to, channels, n);
    }
}

/* One row of pooled pixels: the regions under as many windows as half the accumulator holds. */
static void gemmini_conv_pooled_row(const gemmini_conv *c, int b, int prow, int och, int channels, int *half, uint32_t *slot) {
    int prows = gemmini_pooled(c, c->out_rows), pcols = gemmini_pooled(c, c->out_cols);
    int fit = ((int)(ACC_ROWS / 2 / c->pool_size) - c->pool_size) / c->pool_stride + 1;
    int top = prow * c->pool_stride - c->pool_padding, low = gemmini_min(top + c->pool_size, c->out_rows), row = gemmini_max(top, 0);
    for (int p = 0; p < pcols; p += fit, *half ^= 1) {
        int n = gemmini_min(fit, pcols - p), left = p * c->pool_stride - c->pool_padding, col = gemmini_max(left, 0);
        int cols = gemmini_min(left + (n - 1) * c->pool_stride + c->pool_size, c->out_cols) - col;
        uint32_t to = 1u << 31 | (uint32_t)(*half * ACC_ROWS / 2);
        gemmini_conv_region(c, b, row, low - row, col, cols, och, channels, 1, to, 0, slot);
        gemmini_extended2_config_st(c->out_channels * sizeof(elem_t), c->act, c->scale, c->pool_stride, c->pool_size, pcols, 1, n,
                                    low - row, cols, row - top, col - left);
        gemmini_extended_mvout(c->output + ((size_t)(b * prows + prow) * pcols + p) * c->out_channels + och, to, channels, 0);
    }
}

static void gemmini_conv_array(const gemmini_conv *c) {
    int per_block = c->kernel * c->kernel * ((c->in_channels + DIM - 1) / DIM) * DIM, half = 0;
    int blocks = c->pool_size ? 1 : gemmini_min(MAX_BLOCK_LEN, BANK_NUM * BANK_ROWS / 2 / per_block);
    uint32_t slot = 0;
    if (blocks < 1) {
        printf("tiled_conv: the weights of one block of output channels do not fit\n");
        exit(1);
    }
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_extended_config_st(c->out_channels * sizeof(elem_t), c->act, c->scale);
    gemmini_extended3_config_ld(c->stride * c->in_channels * sizeof(elem_t), MVIN_SCALE_IDENTITY, 0, 0);
    gemmini_extended3_config_ld(0, MVIN_SCALE_IDENTITY, 0, 2);
    for (int och = 0; och < c->out_channels; och += blocks * DIM) {
        int channels = gemmini_min(blocks * DIM, c->out_channels - och), rows = gemmini_pooled(c, c->out_rows);
        gemmini_conv_load_weights(c, och, channels, blocks);
        for (int b = 0; b < c->batches; b++)
            for (int row = 0; row < rows; row++) {
                if (c->pool_size) gemmini_conv_pooled_row(c, b, row, och, channels, &half, &slot);
                else gemmini_conv_row(c, b, row, och, channels, blocks, &half, &slot);
            }
    }
}

static inline void gemmini_conv_only_plain_layouts(int unusual) {
    if (!unusual) return;
    printf("tiled_conv: rotated, transposed or dilated inputs are not supported\n");
    exit(1);
}

/* Ends without a fence. */
static void tiled_conv_auto(int batch_size, int in_row_dim, int in_col_dim, int in_channels, int out_channels, int out_row_dim,
                            int out_col_dim, int stride, int input_dilation, int kernel_dilation, int padding, int kernel_dim,
                            bool wrot180, bool trans_output_1203, bool trans_input_3120, bool trans_weight_1203,
                            bool trans_weight_0132, const elem_t *input, const elem_t *weights, const acc_t *bias,
                            elem_t *output, int act, acc_scale_t scale, int pool_size, int pool_stride, int pool_padding,
                            enum tiled_matmul_type_t type) {
    int pooled = pool_stride > 0 && !(pool_size == 1 && pool_stride == 1 && pool_padding == 0);
    gemmini_conv c = {batch_size, in_row_dim, in_col_dim, in_channels, out_channels, out_row_dim, out_col_dim, stride, kernel_dilation,
                      padding, kernel_dim, input, weights, bias, output, act, scale, pooled ? pool_size : 0, pool_stride, pool_padding};
    gemmini_conv_only_plain_layouts(wrot180 || trans_output_1203 || trans_input_3120 || trans_weight_1203 || trans_weight_0132 ||
                                    input_dilation > 1);
    if (type == CPU) gemmini_conv_plain(&c);
    else gemmini_conv_array(&c);
}

static void conv_cpu(int batch_size, int in_row_dim, int in_col_dim, int in_channels, int out_channels, int out_row_dim,
                     int out_col_dim, int stride, int input_dilation, int kernel_dilation, int padding, int kernel_dim,
                     bool wrot180, bool trans_output_1203, bool trans_input_3120, bool trans_weight_1203,
                     bool trans_weight_0132, const elem_t *input, const elem_t *weights, const acc_t *bias, elem_t *output,
                     int act, acc_scale_t scale, int pool_size, int pool_stride, int pool_padding) {
    tiled_conv_auto(batch_size, in_row_dim, in_col_dim, in_channels, out_channels, out_row_dim, out_col_dim, stride, input_dilation,
                    kernel_dilation, padding, kernel_dim, wrot180, trans_output_1203, trans_input_3120, trans_weight_1203,
                    trans_weight_0132, input, weights, bias, output, act, scale, pool_size, pool_stride, pool_padding, CPU);
}
#endif

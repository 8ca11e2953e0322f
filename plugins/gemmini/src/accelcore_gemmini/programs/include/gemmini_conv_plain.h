/* Convolutions in plain C, with every layout of the operands, dilation, pooling, and the depthwise form. */
#ifndef ACCELCORE_GEMMINI_CONV_PLAIN_H
#define ACCELCORE_GEMMINI_CONV_PLAIN_H

#include "include/gemmini_plain.h"

typedef struct {
    int batches, in_rows, in_cols, in_channels, out_channels, out_rows, out_cols, stride, input_dilation, dilation, padding, kernel;
    int in_stride, weight_stride, out_stride; /* elements between pixels, input channels of the weights, pixels */
    bool rotated, out_1203, in_3120, w_1203, w_0132, depthwise;
    const elem_t *input, *weights;
    const acc_t *bias;
    elem_t *output;
    int act;
    acc_scale_t scale;
    int pool_size, pool_stride, pool_padding; /* pool_size 0: none */
} gemmini_conv;

GEMMINI_SMALL int gemmini_pooled(const gemmini_conv *c, int size) {
    return c->pool_size ? (size + 2 * c->pool_padding - c->pool_size) / c->pool_stride + 1 : size;
}

/* An input element at a place of the dilated image; zero between pixels and outside. */
static elem_t gemmini_conv_input(const gemmini_conv *c, int b, int row, int col, int channel) {
    int apart = c->input_dilation;
    if (row < 0 || col < 0 || row % apart || col % apart) return 0;
    row /= apart, col /= apart;
    if (row >= c->in_rows || col >= c->in_cols) return 0;
    if (c->in_3120) return c->input[((size_t)(channel * c->in_rows + row) * c->in_cols + col) * c->batches + b];
    return c->input[((size_t)(b * c->in_rows + row) * c->in_cols + col) * c->in_stride + channel];
}

static elem_t gemmini_conv_weight(const gemmini_conv *c, int row, int col, int in, int out) {
    if (c->rotated) row = c->kernel - 1 - row, col = c->kernel - 1 - col;
    if (c->depthwise) return c->weights[(size_t)(out * c->kernel + row) * c->kernel + col];
    if (c->w_1203) return c->weights[((size_t)(in * c->kernel + row) * c->kernel + col) * c->out_channels + out];
    if (c->w_0132) return c->weights[((size_t)(row * c->kernel + col) * c->out_channels + out) * c->in_channels + in];
    return c->weights[((size_t)(row * c->kernel + col) * c->in_channels + in) * c->weight_stride + out];
}

/* One pixel before pooling; 0 outside of the image, as pooling pads. */
static elem_t gemmini_conv_pixel(const gemmini_conv *c, int b, int row, int col, int och) {
    if (row < 0 || col < 0 || row >= c->out_rows || col >= c->out_cols) return 0;
    acc_t sum = c->bias ? c->bias[och] : 0;
    for (int kr = 0; kr < c->kernel; kr++)
        for (int kc = 0; kc < c->kernel; kc++) {
            int r = row * c->stride + kr * c->dilation - c->padding, l = col * c->stride + kc * c->dilation - c->padding;
            if (c->depthwise) sum += (acc_t)gemmini_conv_input(c, b, r, l, och) * gemmini_conv_weight(c, kr, kc, 0, och);
            else for (int ch = 0; ch < c->in_channels; ch++) sum += (acc_t)gemmini_conv_input(c, b, r, l, ch) * gemmini_conv_weight(c, kr, kc, ch, och);
        }
    elem_t out = ACC_SCALE(sum, c->scale);
    return c->act == RELU && out < 0 ? 0 : out;
}

/* The largest pixel under a window. */
static elem_t gemmini_conv_window(const gemmini_conv *c, int b, int row, int col, int och) {
    elem_t best = elem_t_min;
    if (!c->pool_size) return gemmini_conv_pixel(c, b, row, col, och);
    for (int w = 0; w < c->pool_size * c->pool_size; w++) {
        int r = row * c->pool_stride - c->pool_padding + w / c->pool_size, l = col * c->pool_stride - c->pool_padding + w % c->pool_size;
        elem_t x = gemmini_conv_pixel(c, b, r, l, och);
        best = x > best ? x : best;
    }
    return best;
}

static void gemmini_conv_plain(const gemmini_conv *c) {
    int rows = gemmini_pooled(c, c->out_rows), cols = gemmini_pooled(c, c->out_cols);
    for (int b = 0; b < c->batches; b++)
        for (int r = 0; r < rows; r++)
            for (int l = 0; l < cols; l++)
                for (int och = 0; och < c->out_channels; och++) {
                    size_t pixel = c->out_1203 ? (size_t)(r * cols + l) * c->batches + b : (size_t)(b * rows + r) * cols + l;
                    c->output[pixel * c->out_stride + och] = gemmini_conv_window(c, b, r, l, och);
                }
}
#endif

/* Convolutions on the array: tiles for the convolution loop of the hardware, and the names that programs call. */
#ifndef ACCELCORE_GEMMINI_CONV_H
#define ACCELCORE_GEMMINI_CONV_H

#include "include/gemmini_conv_plain.h"
#include "include/gemmini_matmul.h"

/* A tile: how much of each dimension, or where it begins. */
typedef struct { int b, row, col, och, krow, kcol, kch; } gemmini_tile;
enum { GEMMINI_TILE_DIMS = 7, GEMMINI_TILE_ROW = 1, GEMMINI_TILE_COL = 2, GEMMINI_TILE_OCH = 3, GEMMINI_TILE_KCH = 6 };
typedef union { gemmini_tile at; int size[GEMMINI_TILE_DIMS]; } gemmini_tile_sizes;

GEMMINI_SMALL int gemmini_blocks(int n) { return (n + DIM - 1) / DIM; }
GEMMINI_SMALL int gemmini_pool_step(const gemmini_conv *c) { return c->pool_size ? c->pool_stride : 1; }
GEMMINI_SMALL int gemmini_pool_window(const gemmini_conv *c) { return c->pool_size ? c->pool_size : 1; }
GEMMINI_SMALL int gemmini_pool_pad(const gemmini_conv *c) { return c->pool_size ? c->pool_padding : 0; }

/* Output pixels under so many pooled ones. */
GEMMINI_SMALL int gemmini_unpooled(const gemmini_conv *c, int pooled) { return pooled * gemmini_pool_step(c) + gemmini_pool_window(c) - 1; }

/* Every second row and column of the input is all that is needed. */
GEMMINI_SMALL bool gemmini_downsamples(const gemmini_conv *c) {
    return c->stride == 2 && c->kernel == 1 && c->in_rows % 2 == 0 && c->in_cols % 2 == 0 && c->padding == 0 && !c->pool_size &&
           c->input_dilation == 1 && !c->in_3120;
}

GEMMINI_SMALL int gemmini_input_extent(const gemmini_conv *c, int out, int kernel) {
    int n = out * c->stride + (kernel - 1) * c->dilation;
    return c->input_dilation > 1 ? (n + 1) / 2 + 2 : n >> gemmini_downsamples(c);
}

GEMMINI_PLANNING static bool gemmini_conv_fits(const gemmini_conv *c, const int *t) {
    int orows = gemmini_unpooled(c, t[1]), ocols = gemmini_unpooled(c, t[2]);
    int pixels = gemmini_input_extent(c, orows, t[4]) * gemmini_input_extent(c, ocols, t[5]);
    int in = c->in_3120 ? gemmini_blocks(t[0]) * t[6] * pixels : gemmini_blocks(t[6]) * t[0] * pixels;
    int weights = t[4] * t[5] * (c->w_0132 ? gemmini_blocks(t[6]) * t[3] : gemmini_blocks(t[3]) * t[6]);
    bool fields = !c->pool_size || (orows < 256 && ocols < 256);
    return fields && in + weights <= BANK_NUM * BANK_ROWS / 2 && gemmini_blocks(t[3]) * t[0] * orows * ocols <= ACC_ROWS / 2;
}

/* Makes the largest dimension smaller; columns stay wide enough for the array while there are several rows. */
GEMMINI_PLANNING static void gemmini_shrink(int *t) {
    int largest = -1, at = 0;
    for (int i = 0; i < GEMMINI_TILE_DIMS; i++)
        if (!(i == GEMMINI_TILE_COL && t[i] <= DIM && t[GEMMINI_TILE_ROW] > 1) && t[i] > largest) largest = t[i], at = i;
    if (largest <= 1) gemmini_refuse("tiled_conv: no tile of this convolution fits");
    if (at == GEMMINI_TILE_OCH || at == GEMMINI_TILE_KCH) t[at] = gemmini_max(t[at] % DIM ? t[at] / DIM * DIM : t[at] - DIM, 1);
    else t[at]--;
}

GEMMINI_PLANNING static bool gemmini_grow(const gemmini_conv *c, int *t, const int *most, int at) {
    if (t[at] == most[at]) return false;
    t[at]++;
    if (gemmini_conv_fits(c, t)) return true;
    t[at]--;
    return false;
}

/* Tile sizes: all of the convolution, shrunk until it fits, then columns and after them everything grown while it fits. */
GEMMINI_PLANNING static gemmini_tile gemmini_conv_tile(const gemmini_conv *c) {
    int channels = c->depthwise ? 1 : c->out_channels;
    gemmini_tile_sizes all = {{c->batches, gemmini_pooled(c, c->out_rows), gemmini_pooled(c, c->out_cols), channels, c->kernel, c->kernel,
                               c->depthwise ? 1 : c->in_channels}}, t = all;
    while (!gemmini_conv_fits(c, t.size)) gemmini_shrink(t.size);
    while (gemmini_grow(c, t.size, all.size, GEMMINI_TILE_COL)) {}
    for (bool grown = true; grown;) {
        grown = false;
        for (int i = 0; i < GEMMINI_TILE_DIMS; i++) grown |= gemmini_grow(c, t.size, all.size, i);
    }
    return t.at;
}

/* One dimension of a tile: output pixels and padding of pooling; input pixels and padding. */
typedef struct { int out, before, after, in, low, high; } gemmini_extent;

static gemmini_extent gemmini_conv_extent(const gemmini_conv *c, int pooled_at, int pooled, int k_at, int kernel, int out_size, int in_size) {
    gemmini_extent e;
    int out_at = pooled_at * gemmini_pool_step(c) - gemmini_pool_pad(c), out = gemmini_unpooled(c, pooled);
    int dilated = c->input_dilation > 1, size = in_size + dilated * (in_size - 1);
    e.before = gemmini_max(-out_at, 0), e.after = gemmini_max(out_at + out - out_size, 0);
    e.out = out - e.before - e.after;
    int in_at = gemmini_max(out_at, 0) * c->stride + k_at * c->dilation - c->padding, in = e.out * c->stride + (kernel - 1) * c->dilation;
    e.low = gemmini_min(gemmini_max(-in_at, 0), in);
    if (dilated && in_at > 0 && in_at % 2) e.low = 1; /* begins between two stored pixels */
    e.high = gemmini_min(gemmini_max(in_at + in - size, 0), in - e.low);
    e.in = gemmini_max(in_at + e.low, 0) >> dilated;
    return e;
}

static const elem_t *gemmini_conv_weights_at(const gemmini_conv *c, gemmini_tile at, gemmini_tile n) {
    int row = c->rotated ? c->kernel - at.krow - n.krow : at.krow, col = c->rotated ? c->kernel - at.kcol - n.kcol : at.kcol;
    if (c->depthwise) return c->weights + (size_t)(at.och * c->kernel + row) * c->kernel + col;
    if (c->w_1203) return c->weights + ((size_t)(at.kch * c->kernel + row) * c->kernel + col) * c->out_channels + at.och;
    if (c->w_0132) return c->weights + ((size_t)(row * c->kernel + col) * c->out_channels + at.och) * c->in_channels + at.kch;
    return c->weights + ((size_t)(row * c->kernel + col) * c->in_channels + at.kch) * c->weight_stride + at.och;
}

static const elem_t *gemmini_conv_input_at(const gemmini_conv *c, gemmini_tile at, int row, int col) {
    int channel = c->depthwise ? at.och : at.kch;
    if (c->in_3120) return c->input + ((size_t)(channel * c->in_rows + row) * c->in_cols + col) * c->batches + at.b;
    return c->input + ((size_t)(at.b * c->in_rows + row) * c->in_cols + col) * c->in_stride + channel;
}

/* Pixels whose channels share a row of the scratchpad: few channels would leave most of the array idle. */
static int gemmini_conv_pixels(const gemmini_conv *c, gemmini_tile n) {
    bool unusual = c->out_1203 || c->in_3120 || c->w_1203 || c->w_0132 || c->rotated || gemmini_downsamples(c) || c->input_dilation > 1 || c->dilation > 1;
    return unusual || n.kch > DIM ? 1 : gemmini_min(DIM / n.kch, n.kcol);
}

/* One tile with the hardware loop. */
static void sp_tiled_conv(const gemmini_conv *c, gemmini_tile at, gemmini_tile n) {
    int prows = gemmini_pooled(c, c->out_rows), pcols = gemmini_pooled(c, c->out_cols), channels = c->depthwise ? 1 : c->in_channels;
    gemmini_extent r = gemmini_conv_extent(c, at.row, n.row, at.krow, n.krow, c->out_rows, c->in_rows);
    gemmini_extent l = gemmini_conv_extent(c, at.col, n.col, at.kcol, n.kcol, c->out_cols, c->in_cols);
    bool first = !at.krow && !at.kcol && !at.kch, last = at.krow + n.krow == c->kernel && at.kcol + n.kcol == c->kernel && at.kch + n.kch == channels;
    size_t pixel = c->out_1203 ? (size_t)(at.row * pcols + at.col) * c->batches + at.b : (size_t)(at.b * prows + at.row) * pcols + at.col;
    const elem_t *input = gemmini_conv_input_at(c, at, r.in, l.in), *weights = gemmini_conv_weights_at(c, at, n);
    const acc_t *bias = !first ? NULL : c->bias ? c->bias + at.och : (const acc_t *)c->input; /* not null: a sum begins, with zeros */
    elem_t *output = last ? c->output + pixel * c->out_stride + at.och : NULL;
    gemmini_loop_conv_ws(c->batches, c->in_rows, c->in_cols, c->in_channels, c->out_channels, c->out_rows, c->out_cols, prows, pcols, c->stride,
                         c->padding, c->kernel, c->dilation, gemmini_pool_window(c), gemmini_pool_step(c), gemmini_pool_pad(c), n.b, n.row, n.col, n.och,
                         n.krow, n.kcol, n.kch, l.low, l.high, r.low, r.high, l.before, l.after, r.before, r.after, r.out, l.out, weights, output,
                         bias, input, c->bias == NULL, !c->pool_size, gemmini_downsamples(c), c->rotated, c->input_dilation > 1, c->act,
                         c->out_1203, c->w_1203, c->w_0132, c->in_3120, gemmini_conv_pixels(c, n), c->in_stride, c->weight_stride, c->out_stride,
                         c->depthwise, 0, 0);
}

static void gemmini_conv_reduce(const gemmini_conv *c, gemmini_tile at, gemmini_tile n, gemmini_tile t) {
    int channels = c->depthwise ? 1 : c->in_channels;
    for (at.krow = 0; at.krow < c->kernel; at.krow += t.krow)
        for (at.kcol = 0; at.kcol < c->kernel; at.kcol += t.kcol)
            for (at.kch = 0; at.kch < channels; at.kch += t.kch) {
                n.krow = gemmini_min(t.krow, c->kernel - at.krow), n.kcol = gemmini_min(t.kcol, c->kernel - at.kcol);
                n.kch = gemmini_min(t.kch, channels - at.kch);
                sp_tiled_conv(c, at, n);
            }
}

/* Ends without a fence. */
static void gemmini_conv_tiles(const gemmini_conv *c, gemmini_tile t) {
    int rows = gemmini_pooled(c, c->out_rows), cols = gemmini_pooled(c, c->out_cols);
    gemmini_tile at = {0}, n = {0};
    if (c->input_dilation > 2 || (c->input_dilation == 2 && c->stride > 1)) gemmini_refuse("tiled_conv: inputs are dilated by 2 at most, with stride 1");
    if (c->pool_size > 3 || c->pool_stride > 3 || c->pool_padding > 3) gemmini_refuse("tiled_conv: pooling by 3 at most");
    if (c->pool_size && c->out_1203) gemmini_refuse("tiled_conv: pooled outputs have their plain layout");
    gemmini_extended_config_st(c->out_stride * (c->out_1203 ? c->batches : 1) * sizeof(elem_t), c->act, c->scale);
    gemmini_extended3_config_ex(WEIGHT_STATIONARY, 0, 0, ACC_SCALE_IDENTITY, c->input_dilation, c->stride >> gemmini_downsamples(c), c->in_3120, c->w_0132, 0);
    for (at.b = 0; at.b < c->batches; at.b += t.b)
        for (at.row = 0; at.row < rows; at.row += t.row)
            for (at.col = 0; at.col < cols; at.col += t.col)
                for (at.och = 0; at.och < c->out_channels; at.och += t.och) {
                    n.b = gemmini_min(t.b, c->batches - at.b), n.row = gemmini_min(t.row, rows - at.row);
                    n.col = gemmini_min(t.col, cols - at.col), n.och = gemmini_min(t.och, c->out_channels - at.och);
                    gemmini_conv_reduce(c, at, n, t);
                }
}

static void gemmini_conv_run(gemmini_conv c, const gemmini_tile *given, enum tiled_matmul_type_t type) {
    if (c.pool_stride <= 0 || (c.pool_size == 1 && c.pool_stride == 1 && !c.pool_padding)) c.pool_size = 0;
    if (type == CPU) {
        gemmini_conv_plain(&c);
        return;
    }
    gemmini_tile t = given ? *given : gemmini_conv_tile(&c);
    if (!gemmini_conv_fits(&c, (const int *)&t)) gemmini_refuse("tiled_conv: a tile that does not fit");
    gemmini_conv_tiles(&c, t);
}

#define GEMMINI_CONV_ARGS \
    int batch_size, int in_row_dim, int in_col_dim, int in_channels, int out_channels, int out_row_dim, int out_col_dim, int stride, \
    int input_dilation, int kernel_dilation, int padding, int kernel_dim
#define GEMMINI_LAYOUT_ARGS bool wrot180, bool trans_output_1203, bool trans_input_3120, bool trans_weight_1203, bool trans_weight_0132
#define GEMMINI_DATA_ARGS \
    const elem_t *input, const elem_t *weights, const acc_t *bias, elem_t *output, int act, acc_scale_t scale
#define GEMMINI_POOL_ARGS int pool_size, int pool_stride, int pool_padding
#define GEMMINI_CONV_FILLED(in_stride, weight_stride, out_stride) \
    (gemmini_conv){batch_size, in_row_dim, in_col_dim, in_channels, out_channels, out_row_dim, out_col_dim, stride, input_dilation, kernel_dilation, padding, \
                   kernel_dim, in_stride, weight_stride, out_stride, wrot180, trans_output_1203, trans_input_3120, trans_weight_1203, \
                   trans_weight_0132, false, input, weights, bias, output, act, scale, pool_size, pool_stride, pool_padding}

static void tiled_conv_stride_auto(GEMMINI_CONV_ARGS, int in_stride, int weight_stride, int out_stride, GEMMINI_LAYOUT_ARGS, GEMMINI_DATA_ARGS,
                                   GEMMINI_POOL_ARGS, enum tiled_matmul_type_t type) {
    gemmini_conv_run(GEMMINI_CONV_FILLED(in_stride, weight_stride, out_stride), NULL, type);
}

static void gemmini_conv_auto(GEMMINI_CONV_ARGS, GEMMINI_LAYOUT_ARGS, GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS, enum tiled_matmul_type_t type) {
    gemmini_conv_run(GEMMINI_CONV_FILLED(in_channels, out_channels, out_channels), NULL, type);
}

static void gemmini_conv_tiled(GEMMINI_CONV_ARGS, GEMMINI_LAYOUT_ARGS, int batches, int porows, int pocols, int pochs, int krows, int kcols, int kchs,
                               GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS, enum tiled_matmul_type_t type) {
    gemmini_tile t = {batches, porows, pocols, pochs, krows, kcols, kchs};
    gemmini_conv_run(GEMMINI_CONV_FILLED(in_channels, out_channels, out_channels), &t, type);
}

static void gemmini_conv_tiled_stride(GEMMINI_CONV_ARGS, int in_stride, int weight_stride, int out_stride, GEMMINI_LAYOUT_ARGS, int batches, int porows,
                                      int pocols, int pochs, int krows, int kcols, int kchs, GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS,
                                      enum tiled_matmul_type_t type) {
    gemmini_tile t = {batches, porows, pocols, pochs, krows, kcols, kchs};
    gemmini_conv_run(GEMMINI_CONV_FILLED(in_stride, weight_stride, out_stride), &t, type);
}

static void gemmini_conv_cpu_stride(GEMMINI_CONV_ARGS, int in_stride, int weight_stride, int out_stride, GEMMINI_LAYOUT_ARGS, GEMMINI_DATA_ARGS,
                                    GEMMINI_POOL_ARGS) {
    gemmini_conv_run(GEMMINI_CONV_FILLED(in_stride, weight_stride, out_stride), NULL, CPU);
}

static void gemmini_conv_cpu(GEMMINI_CONV_ARGS, GEMMINI_LAYOUT_ARGS, GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS) {
    gemmini_conv_run(GEMMINI_CONV_FILLED(in_channels, out_channels, out_channels), NULL, CPU);
}

/* Kernels of one pixel with stride 2. */
static void gemmini_conv_downsample(int batch_size, int in_row_dim, int in_col_dim, int in_channels, int out_channels, int out_row_dim,
                                    int out_col_dim, GEMMINI_DATA_ARGS, enum tiled_matmul_type_t type) {
    gemmini_conv_auto(batch_size, in_row_dim, in_col_dim, in_channels, out_channels, out_row_dim, out_col_dim, 2, 1, 1, 0, 1, false, false, false,
                      false, false, input, weights, bias, output, act, scale, 0, 0, 0, type);
}

/* Each channel with a kernel of its own; weights [channel][row][column]. */
static void gemmini_conv_dw_run(int batch_size, int in_row_dim, int in_col_dim, int channels, int out_row_dim, int out_col_dim, int stride, int padding,
                                int kernel_dim, const gemmini_tile *tile, GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS, enum tiled_matmul_type_t type) {
    gemmini_conv c = {batch_size, in_row_dim, in_col_dim, channels, channels, out_row_dim, out_col_dim, stride, 1, 1, padding, kernel_dim, channels,
                      channels, channels, false, false, false, false, false, true, input, weights, bias, output, act, scale, pool_size, pool_stride, pool_padding};
    gemmini_conv_run(c, tile, type);
}

static void gemmini_conv_dw_auto(int batch_size, int in_row_dim, int in_col_dim, int channels, int out_row_dim, int out_col_dim, int stride, int padding,
                                 int kernel_dim, GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS, enum tiled_matmul_type_t type) {
    gemmini_conv_dw_run(batch_size, in_row_dim, in_col_dim, channels, out_row_dim, out_col_dim, stride, padding, kernel_dim, NULL, input, weights, bias,
                        output, act, scale, pool_size, pool_stride, pool_padding, type);
}

static void gemmini_conv_dw_tiled(int batch_size, int in_row_dim, int in_col_dim, int channels, int out_row_dim, int out_col_dim, int stride, int padding,
                                  int kernel_dim, int batches, int porows, int pocols, int krows, int kcols, GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS,
                                  enum tiled_matmul_type_t type) {
    gemmini_tile t = {batches, porows, pocols, 1, krows, kcols, 1};
    gemmini_conv_dw_run(batch_size, in_row_dim, in_col_dim, channels, out_row_dim, out_col_dim, stride, padding, kernel_dim, &t, input, weights, bias,
                        output, act, scale, pool_size, pool_stride, pool_padding, type);
}

static void gemmini_conv_dw_cpu(int batch_size, int in_row_dim, int in_col_dim, int channels, int out_row_dim, int out_col_dim, int stride, int padding,
                                int kernel_dim, GEMMINI_DATA_ARGS, GEMMINI_POOL_ARGS) {
    gemmini_conv_dw_auto(batch_size, in_row_dim, in_col_dim, channels, out_row_dim, out_col_dim, stride, padding, kernel_dim, input, weights, bias, output,
                         act, scale, pool_size, pool_stride, pool_padding, CPU);
}

/* Forms of each name by the number of arguments: with rows and columns of the images, with strides between pixels as well, or
 * (older) with one size for rows and columns. */
#define GEMMINI_AUTO27(...) gemmini_conv_auto(__VA_ARGS__)
#define GEMMINI_AUTO25(b, in, ic, oc, out, ...) gemmini_conv_auto(b, in, in, ic, oc, out, out, __VA_ARGS__)
#define tiled_conv_auto(...) GEMMINI_BY_COUNT(GEMMINI_AUTO, __VA_ARGS__)
#define GEMMINI_TILED37(...) gemmini_conv_tiled_stride(__VA_ARGS__)
#define GEMMINI_TILED34(...) gemmini_conv_tiled(__VA_ARGS__)
#define GEMMINI_TILED32(b, in, ic, oc, out, ...) gemmini_conv_tiled(b, in, in, ic, oc, out, out, __VA_ARGS__)
#define tiled_conv(...) GEMMINI_BY_COUNT(GEMMINI_TILED, __VA_ARGS__)
#define GEMMINI_CONV_CPU29(...) gemmini_conv_cpu_stride(__VA_ARGS__)
#define GEMMINI_CONV_CPU26(...) gemmini_conv_cpu(__VA_ARGS__)
#define GEMMINI_CONV_CPU24(b, in, ic, oc, out, ...) gemmini_conv_cpu(b, in, in, ic, oc, out, out, __VA_ARGS__)
#define conv_cpu(...) GEMMINI_BY_COUNT(GEMMINI_CONV_CPU, __VA_ARGS__)
#define GEMMINI_DOWN14(...) gemmini_conv_downsample(__VA_ARGS__)
#define GEMMINI_DOWN12(b, in, ic, oc, out, ...) gemmini_conv_downsample(b, in, in, ic, oc, out, out, __VA_ARGS__)
#define tiled_conv_downsample(...) GEMMINI_BY_COUNT(GEMMINI_DOWN, __VA_ARGS__)
#define GEMMINI_DW19(...) gemmini_conv_dw_auto(__VA_ARGS__)
#define GEMMINI_DW17(b, in, ch, out, ...) gemmini_conv_dw_auto(b, in, in, ch, out, out, __VA_ARGS__)
#define tiled_conv_dw_auto(...) GEMMINI_BY_COUNT(GEMMINI_DW, __VA_ARGS__)
#define GEMMINI_DWT24(...) gemmini_conv_dw_tiled(__VA_ARGS__)
#define GEMMINI_DWT22(b, in, ch, out, ...) gemmini_conv_dw_tiled(b, in, in, ch, out, out, __VA_ARGS__)
#define tiled_conv_dw(...) GEMMINI_BY_COUNT(GEMMINI_DWT, __VA_ARGS__)
#define GEMMINI_DW_CPU18(...) gemmini_conv_dw_cpu(__VA_ARGS__)
#define GEMMINI_DW_CPU16(b, in, ch, out, ...) gemmini_conv_dw_cpu(b, in, in, ch, out, out, __VA_ARGS__)
#define conv_dw_cpu(...) GEMMINI_BY_COUNT(GEMMINI_DW_CPU, __VA_ARGS__)
#endif

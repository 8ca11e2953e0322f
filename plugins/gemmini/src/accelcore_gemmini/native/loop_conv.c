/* The hardware loop for convolutions: one tile of an NHWC convolution, expanded into the commands that it stands for.
 *
 * Five generators: bias, input and weights are loaded side by side, products follow when all loads of the tile have been
 * made, stores follow the products; two tiles overlap.  Local layout, all in rows: input [channel block][batch][row][col],
 * with zero padding loaded as zeros; weights [out block][kernel row][kernel col][in channel]; results [out block][batch]
 * [row][col].  Turned operands exchange the contiguous dimension: input by batch blocks, weights by input blocks.
 */
#include "internal.h"

typedef struct {
    int batches, in_rows, in_cols, in_channels, out_channels, out_cols, stride, kernel, dilation, batch_size, out_rows;
    int pool_out_rows, pool_out_cols, pool_padding, pool_stride, pool_size;
    int tb, porows, pocols, ochs, krows, kcols, ichs, orows, ocols; /* of the tile */
    int lpad, rpad, upad, dpad, plpad, pupad;
    int64_t in_stride, weight_stride, out_stride;
    int no_bias, rotated, out_1203, w_1203, w_0132, in_3120, depthwise, pixels, no_pool, down, dilated;
    uint64_t weights, output, bias, input;
    int rows, cols, inner_rows, inner_cols; /* of the input under the tile: all, and without padding */
    uint32_t a, b, c;                       /* first local rows */
} conv;

static int bits_of(uint64_t word, int high, int low) { return (int)(word >> low & ((1ull << (high - low + 1)) - 1)); }
static int word16(uint64_t word, int at) { return bits_of(word, 16 * at + 15, 16 * at); }

static void decode_image(conv *t, const uint64_t *w) {
    t->batch_size = word16(w[0], 0), t->in_rows = word16(w[0], 1), t->in_channels = word16(w[0], 2), t->out_channels = word16(w[0], 3);
    t->out_rows = word16(w[1], 0), t->pool_out_rows = word16(w[1], 1), t->out_cols = word16(w[1], 2), t->stride = bits_of(w[1], 55, 48);
    t->pool_padding = bits_of(w[2], 7, 0), t->pool_stride = bits_of(w[2], 15, 8), t->pool_size = word16(w[2], 1);
    t->pool_out_cols = word16(w[2], 2), t->kernel = word16(w[2], 3);
    t->in_cols = word16(w[5], 0), t->dilation = bits_of(w[6], 9, 0);
    t->out_stride = word16(w[7], 1), t->weight_stride = word16(w[7], 2), t->in_stride = word16(w[7], 3);
    t->weights = w[8], t->output = w[9], t->bias = w[10], t->input = w[11];
}

static void decode_tile(conv *t, const uint64_t *w) {
    t->ochs = word16(w[3], 0), t->pocols = word16(w[3], 1), t->porows = word16(w[3], 2), t->tb = word16(w[3], 3);
    t->lpad = word16(w[4], 0), t->ichs = word16(w[4], 1), t->kcols = word16(w[4], 2), t->krows = word16(w[4], 3);
    t->plpad = bits_of(w[5], 23, 16), t->dpad = bits_of(w[5], 31, 24), t->upad = word16(w[5], 2), t->rpad = word16(w[5], 3);
    t->pupad = bits_of(w[6], 31, 21), t->orows = word16(w[6], 3), t->ocols = word16(w[7], 0);
}

static void decode(conv *t, const uint64_t *w, uint64_t rs1, uint64_t rs2) {
    decode_image(t, w), decode_tile(t, w);
    t->no_bias = bits_of(rs1, 0, 0), t->rotated = bits_of(rs1, 1, 1), t->out_1203 = bits_of(rs1, 2, 2), t->w_1203 = bits_of(rs1, 3, 3);
    t->w_0132 = bits_of(rs1, 4, 4), t->in_3120 = bits_of(rs1, 5, 5), t->depthwise = bits_of(rs1, 6, 6), t->pixels = bits_of(rs1, 15, 8);
    t->no_pool = bits_of(rs2, 0, 0), t->down = bits_of(rs2, 1, 1), t->dilated = bits_of(rs2, 2, 2);
    if (t->pixels < 1) t->pixels = 1;
    if (t->dilation < 1) t->dilation = 1;
    if (t->depthwise) t->ichs = t->ochs = 1;
    int high = t->orows * t->stride + (t->krows - 1) * t->dilation, wide = t->ocols * t->stride + (t->kcols - 1) * t->dilation;
    t->inner_rows = high - t->upad - t->dpad, t->inner_cols = wide - t->lpad - t->rpad;
    if (t->dilated) { /* every second row and column of the image under the tile is zero and not stored */
        t->inner_rows = (t->inner_rows + 1) / 2, t->inner_cols = (t->inner_cols + 1) / 2;
        t->upad = (t->upad + 1) / 2, t->dpad = (t->dpad + 1) / 2, t->lpad = (t->lpad + 1) / 2, t->rpad = (t->rpad + 1) / 2;
    }
    t->rows = t->inner_rows + t->upad + t->dpad, t->cols = t->inner_cols + t->lpad + t->rpad;
}

static int least(int a, int b) { return a < b ? a : b; }
static int blocks(int count, int dim) { return (count + dim - 1) / dim; }
static uint64_t sized(int rows, int cols, uint32_t local) { return (uint64_t)rows << 48 | (uint64_t)cols << 32 | local; }
static uint64_t unit_scale(void) { return 0x3f800000ull << 32; }

/* Rows of one block of the input, of the weights, of the results. */
static int input_rows(const conv *t) { return (t->in_3120 ? t->ichs : t->tb) * (t->rows >> t->down) * (t->cols >> t->down); }
static int weight_rows(const conv *t) { return t->krows * t->kcols * (t->w_0132 ? t->ochs : t->ichs); }
static int result_rows(const conv *t) { return t->tb * t->orows * t->ocols; }

static int configure_load(gm_machine *m, int state, int64_t stride, int block_stride, int repeats) {
    uint64_t rs1 = unit_scale() | (uint64_t)(uint16_t)block_stride << 16 | (uint64_t)repeats << 8 | (uint64_t)state << 3 | 1;
    return gm_config_command(m, rs1, (uint64_t)stride);
}

static void tag_as(gm_machine *m, int stream) {
    m->loop_tag = (gm_op){.stream = (uint8_t)stream, .parity = (uint8_t)m->conv_parity, .next_k = GM_DONE};
}

static int load_bias(gm_machine *m, const conv *t) {
    int dim = m->config.dim, wide = dim * m->config.max_bytes / (dim * m->acc_bytes), rule = RULE_NONE;
    if (!t->bias) return rule;
    if (wide < dim) wide = dim;
    tag_as(m, GM_LOOP_D);
    rule = configure_load(m, 2, 0, result_rows(t), 1);
    for (int b = 0; b < t->tb; b++)
        for (int r = 0; r < t->orows; r++)
            for (int c = 0; c < t->ocols; c += dim)
                for (int o = 0; o < t->ochs && !rule; o += wide) {
                    uint32_t to = 1u << 31 | (t->c + (uint32_t)(o / dim * result_rows(t) + (b * t->orows + r) * t->ocols + c));
                    uint64_t from = t->no_bias ? 0 : t->bias + (uint64_t)(o * m->acc_bytes);
                    rule = gm_mvin(m, 2, from, sized(least(dim, t->ocols - c), least(wide, t->ochs - o), to));
                }
    return rule;
}

/* Pixels of one input row from column `col` on (negative: padding) that one load takes. */
static int run_length(const gm_machine *m, const conv *t, int col) {
    int most = m->config.dim << t->down;
    if (col < 0) return least(-col, most);
    if (col >= t->inner_cols) return least(t->inner_cols + t->rpad - col, most);
    return least(t->inner_cols - col, most);
}

static int load_pixels(gm_machine *m, const conv *t, int batch, int row, int col, int channel, int count) {
    int dim = m->config.dim, most = m->config.max_bytes / m->elem_bytes, outside = row < 0 || row >= t->inner_rows || col < 0 || col >= t->inner_cols;
    int wide = least(most < dim ? dim : most, t->in_3120 ? t->tb - batch : t->ichs - channel);
    int line = ((row + t->upad) >> t->down) * (t->cols >> t->down) + ((col + t->lpad) >> t->down);
    int image = (t->rows >> t->down) * (t->cols >> t->down);
    int at = t->in_3120 ? batch / dim * input_rows(t) + channel * image + line : channel / dim * input_rows(t) + batch * image + line;
    int64_t first = t->in_3120 ? ((int64_t)(channel * t->in_rows + row) * t->in_cols + col) * t->batch_size + batch
                               : ((int64_t)(batch * t->in_rows + row) * t->in_cols + col) * t->in_stride + channel;
    uint64_t from = outside ? 0 : t->input + (uint64_t)(first * m->elem_bytes);
    return gm_mvin(m, 0, from, sized((count + t->down) >> t->down, wide, t->a + (uint32_t)at));
}

static int load_input(gm_machine *m, const conv *t) {
    int dim = m->config.dim, most = m->config.max_bytes / m->elem_bytes, wide = most < dim ? dim : most;
    int64_t stride = (t->in_3120 ? t->batch_size : t->in_stride) * m->elem_bytes << t->down;
    if (!t->input) return RULE_NONE;
    tag_as(m, GM_LOOP_A);
    int rule = configure_load(m, 0, stride, input_rows(t), t->pixels);
    for (int b = 0; b < t->tb; b += t->in_3120 ? wide : 1)
        for (int r = -t->upad; r < t->inner_rows + t->dpad; r += 1 + t->down)
            for (int c = -t->lpad, n; c < t->inner_cols + t->rpad; c += n) {
                n = run_length(m, t, c);
                for (int ch = 0; ch < t->ichs && !rule; ch += t->in_3120 ? 1 : wide) rule = load_pixels(m, t, b, r, c, ch, n);
            }
    return rule;
}

/* Element of the weights in memory, from the tile's first on. */
static int64_t weight_at(const conv *t, int row, int col, int in, int out) {
    if (t->depthwise) return (int64_t)row * t->kernel + col;
    if (t->w_1203) return ((int64_t)(in * t->kernel + row) * t->kernel + col) * t->out_channels + out;
    if (t->w_0132) return ((int64_t)(row * t->kernel + col) * t->out_channels + out) * t->in_channels + in;
    return ((int64_t)(row * t->kernel + col) * t->in_channels + in) * t->weight_stride + out;
}

static uint32_t weight_row(const gm_machine *m, const conv *t, int row, int col, int in, int out) {
    int outer = t->w_0132 ? in : out, inner = t->w_0132 ? out : in, count = t->w_0132 ? t->ochs : t->ichs;
    return t->b + (uint32_t)(outer / m->config.dim * weight_rows(t) + (row * t->kcols + col) * count + inner);
}

static int load_weights(gm_machine *m, const conv *t) {
    int dim = m->config.dim, most = m->config.max_bytes / m->elem_bytes, wide = most < dim ? dim : most;
    int64_t stride = t->depthwise ? 1 : t->w_1203 ? (int64_t)t->kernel * t->kernel * t->out_channels : t->w_0132 ? t->in_channels : t->weight_stride;
    if (!t->weights) return RULE_NONE;
    tag_as(m, GM_LOOP_B);
    int rule = configure_load(m, 1, stride * m->elem_bytes, weight_rows(t), 1), out_step = t->w_0132 ? dim : wide, in_step = t->w_0132 ? wide : dim;
    for (int o = 0; o < t->ochs; o += out_step)
        for (int r = 0; r < t->krows; r++)
            for (int c = 0; c < t->kcols; c++)
                for (int i = 0; i < t->ichs && !rule; i += in_step) {
                    int outs = least(out_step, t->ochs - o), ins = least(in_step, t->ichs - i);
                    uint64_t from = t->weights + (uint64_t)(weight_at(t, r, c, i, o) * m->elem_bytes);
                    rule = gm_mvin(m, 1, from, t->w_0132 ? sized(outs, ins, weight_row(m, t, r, c, i, o)) : sized(ins, outs, weight_row(m, t, r, c, i, o)));
                }
    return rule;
}

/* One pass of pixels through one block of weights. */
typedef struct { int out, row, col, in, pixels, fresh; } pass;

static int multiply(gm_machine *m, const conv *t, pass *p, int batch, int orow, int ocol, int count) {
    int dim = m->config.dim, image = (t->rows >> t->down) * (t->cols >> t->down);
    int row = orow * t->stride + p->row * t->dilation, col = ocol * t->stride + p->col * t->dilation;
    if (t->dilated) row = (row + 1) / 2, col = (col + 1) / 2;
    int line = (row >> t->down) * (t->cols >> t->down) + (col >> t->down);
    int a = t->in_3120 ? batch / dim * input_rows(t) + p->in * image + line : p->in / dim * input_rows(t) + batch * image + line;
    int outs = least(dim, t->ochs - p->out), depth = least(dim, t->ichs - p->in) * p->pixels;
    uint32_t c = 3u << 30 | (t->c + (uint32_t)(p->out / dim * result_rows(t) + (batch * t->orows + orow) * t->ocols + ocol));
    int row_at = t->rotated ? t->krows - 1 - p->row : p->row, col_at = t->rotated ? t->kcols - 1 - p->col : p->col;
    uint64_t weights = p->fresh ? sized(depth, outs, weight_row(m, t, row_at, col_at, p->in, p->out)) : sized(dim, dim, GM_GARBAGE);
    int rule = gm_preload(m, weights, sized(count, outs, c));
    if (!rule) rule = gm_compute(m, p->fresh, sized(count, depth, t->a + (uint32_t)a), sized(dim, dim, GM_GARBAGE));
    p->fresh = 0;
    return rule;
}

/* All pixels of the tile for one block of weights; where the image is dilated, only those that meet stored pixels. */
static int execute_pass(gm_machine *m, const conv *t, pass *p, int upad, int lpad) {
    int dim = m->config.dim, across = dim << t->dilated, rule = RULE_NONE;
    for (int b = 0; b < t->tb; b += t->in_3120 ? dim : 1)
        for (int r = 0; r < t->orows; r++) {
            if (t->dilated && (p->row * t->dilation + r * t->stride - upad) % 2) continue;
            for (int c = 0; c < t->ocols && !rule;) {
                if (t->dilated && (p->col * t->dilation + c * t->stride - lpad) % 2) {
                    c++;
                    continue;
                }
                int pixels = least(across, t->ocols - c), count = t->dilated ? (pixels + 1) / 2 : pixels;
                rule = multiply(m, t, p, b, r, c, t->in_3120 ? least(dim, t->tb - b) : count);
                c += t->in_3120 ? 1 : across;
            }
        }
    return rule;
}

static int execute(gm_machine *m, const conv *t, int upad, int lpad) {
    int dim = m->config.dim, rule = RULE_NONE, strides[2] = {m->a_stride, m->c_stride};
    tag_as(m, GM_LOOP_X);
    if (t->in_3120) gm_record(m, GM_CONFIG_EX, GM_EXECUTE); /* the hardware sets the strides itself only here */
    m->a_stride = t->in_3120 ? (t->rows >> t->down) * (t->cols >> t->down) : t->stride >> t->down;
    m->c_stride = t->in_3120 ? t->orows * t->ocols : 1 + t->dilated;
    for (int o = 0; o < t->ochs; o += dim)
        for (int r = 0; r < t->krows; r++)
            for (int c = 0; c < t->kcols; c += t->pixels)
                for (int i = 0; i < t->ichs && !rule; i += dim) {
                    pass p = {o, r, c, i, least(t->pixels, t->kcols - c), 1};
                    rule = execute_pass(m, t, &p, upad, lpad);
                }
    m->a_stride = strides[0], m->c_stride = strides[1];
    return rule;
}

static int store_pixels(gm_machine *m, const conv *t) {
    int dim = m->config.dim, rule = RULE_NONE;
    for (int b = 0; b < t->tb; b++)
        for (int r = 0; r < t->orows; r++)
            for (int c = 0; c < t->ocols; c += dim)
                for (int o = 0; o < t->ochs && !rule; o += dim) {
                    int64_t pixel = t->out_1203 ? ((int64_t)(r * t->out_cols + c) * t->batch_size + b) : (int64_t)(b * t->out_rows + r) * t->out_cols + c;
                    uint64_t to = t->output + (uint64_t)((pixel * t->out_stride + o) * m->elem_bytes);
                    uint32_t from = 1u << 31 | (t->c + (uint32_t)(o / dim * result_rows(t) + (b * t->orows + r) * t->ocols + c));
                    rule = gm_mvout(m, to, sized(least(dim, t->ocols - c), least(dim, t->ochs - o), from));
                }
    return rule;
}

static int configure_pooling(gm_machine *m, const conv *t, int on) {
    uint64_t rs1 = 2 | (uint64_t)(m->store_activation & 3) << 2, keep = 0xffffffffull << 32;
    if (on)
        rs1 |= (uint64_t)(t->pool_stride & 3) << 4 | (uint64_t)(t->pool_size & 3) << 6 | (uint64_t)(t->pupad & 3) << 8 | (uint64_t)(t->plpad & 3) << 10 |
               (uint64_t)(t->pool_out_cols & 255) << 24 | (uint64_t)(t->porows & 255) << 32 | (uint64_t)(t->pocols & 255) << 40 |
               (uint64_t)(t->orows & 255) << 48 | (uint64_t)(t->ocols & 255) << 56;
    return gm_config_command(m, rs1, keep | (uint64_t)(t->out_stride * m->elem_bytes));
}

static int store_pools(gm_machine *m, const conv *t) {
    int dim = m->config.dim, rule = configure_pooling(m, t, 1);
    for (int b = 0; b < t->tb; b++)
        for (int o = 0; o < t->ochs && !rule; o += dim) {
            uint64_t to = t->output + (uint64_t)(((int64_t)b * t->pool_out_rows * t->pool_out_cols * t->out_stride + o) * m->elem_bytes);
            uint32_t from = 1u << 31 | (t->c + (uint32_t)(o / dim * result_rows(t) + b * t->orows * t->ocols));
            rule = gm_mvout(m, to, sized(0, least(dim, t->ochs - o), from));
        }
    return rule ? rule : configure_pooling(m, t, 0);
}

static int check_capacity(gm_machine *m, const conv *t) {
    int dim = m->config.dim, in = blocks(t->in_3120 ? t->tb : t->ichs, dim) * input_rows(t);
    int weights = blocks(t->w_0132 ? t->ichs : t->ochs, dim) * weight_rows(t), out = blocks(t->ochs, dim) * result_rows(t);
    int spad = m->config.spad_rows / 2, acc = m->config.acc_rows / 2;
    if (t->dilated && t->stride != 1) return gm_fail(m, RULE_UNSUPPORTED, "loop_conv_ws with a dilated input and stride %d; only 1", t->stride);
    if (t->rows < 0 || t->cols < 0 || t->inner_rows < 0 || t->inner_cols < 0)
        return gm_fail(m, RULE_LOOP_CAPACITY, "loop_conv_ws of a tile that lies outside of its image");
    if (in + weights > spad || out > acc)
        return gm_fail(m, RULE_LOOP_CAPACITY, "loop_conv_ws needs %d scratchpad and %d accumulator rows; a loop has %d and %d", in + weights, out, spad, acc);
    return RULE_NONE;
}

/* Halves of the local memories: those of the scratchpad alternate with each tile, those of the accumulator with each result. */
static void place(gm_machine *m, conv *t, uint64_t rs1) {
    int dim = m->config.dim, half = m->config.spad_rows / 2, acc_half = m->config.acc_rows / 2;
    int weights = blocks(t->w_0132 ? t->ichs : t->ochs, dim) * weight_rows(t);
    int a_half = bits_of(rs1, 19, 18), b_half = bits_of(rs1, 17, 16); /* a half that the program names, or 0 */
    a_half = a_half ? (a_half - 1) & 1 : m->conv_parity, b_half = b_half ? (b_half - 1) & 1 : m->conv_parity;
    t->a = (uint32_t)(a_half * half), t->b = (uint32_t)((b_half + 1) * half - weights);
    m->conv_parity ^= 1;
    t->c = (uint32_t)(m->conv_result_half * acc_half);
    if (t->output) m->conv_result_half ^= 1; /* a tile without a result goes on in the next one */
}

int gm_loop_conv(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    conv t = {0};
    int upad = word16(m->conv.word[5], 2), lpad = word16(m->conv.word[4], 0); /* before dilation */
    decode(&t, m->conv.word, rs1, rs2);
    int rule = check_capacity(m, &t);
    if (rule) return rule;
    place(m, &t, rs1);
    gm_op *op = gm_record(m, GM_LOOP_RUN, GM_NONE);
    op->flags |= GM_LOOP_CONV;
    int64_t at = op - m->ops, before = m->op_count;
    m->in_loop = 1;
    rule = load_bias(m, &t);
    if (!rule) rule = load_input(m, &t);
    if (!rule) rule = load_weights(m, &t);
    if (!rule) rule = execute(m, &t, upad, lpad);
    tag_as(m, GM_LOOP_C);
    if (!rule && t.output) rule = t.no_pool ? store_pixels(m, &t) : store_pools(m, &t);
    m->in_loop = 0;
    m->ops[at].rows = (int32_t)(m->op_count - before);
    return rule;
}

/* Loads and stores: mvin with scale, shrink, repeats and zeros; mvout with activation, scale, pooling. */
#include <math.h>
#include <string.h>

#include "internal.h"

/* Round half to even, then clamp to int8. */
static int8_t to_int8(float x) {
    float r = rintf(x); /* the rounding mode is the default one: to nearest even */
    return (int8_t)(r > 127.0f ? 127 : r < -128.0f ? -128 : (int)r);
}

static void mark(gm_machine *m, uint32_t local, int64_t row) {
    (is_acc(local) ? m->acc_written : m->spad_written)[row] = 1;
}

static void put_spad(gm_machine *m, int64_t row, int at, const uint8_t *from, int count, float scale) {
    uint8_t *to = m->spad + (row * m->config.dim + at) * m->elem_bytes;
    if (m->config.is_float) {
        const float *f = (const float *)from;
        for (int c = 0; c < count; c++) ((float *)to)[c] = f[c] * scale;
    } else if (scale == 1.0f) {
        memcpy(to, from, (size_t)count);
    } else {
        for (int c = 0; c < count; c++) ((int8_t *)to)[c] = to_int8((float)(int8_t)from[c] * scale);
    }
}

static void put_acc(gm_machine *m, int64_t row, int at, const uint8_t *from, int count, const gm_load_state *s, int add) {
    uint8_t *to = m->acc + (row * m->config.dim + at) * 4;
    for (int c = 0; c < count; c++) {
        if (m->config.is_float) {
            float value = ((const float *)from)[c] * s->scale;
            ((float *)to)[c] = add ? ((float *)to)[c] + value : value;
        } else {
            int32_t value;
            if (s->shrunk) value = s->scale == 1.0f ? (int8_t)from[c] : to_int8((float)(int8_t)from[c] * s->scale);
            else memcpy(&value, from + 4 * c, 4);
            uint32_t old;
            memcpy(&old, to + 4 * c, 4);
            uint32_t sum = add ? old + (uint32_t)value : (uint32_t)value;
            memcpy(to + 4 * c, &sum, 4);
        }
    }
}

static int check_mvin(gm_machine *m, uint32_t local, int rows, int cols, const gm_load_state *s) {
    int dim = m->config.dim;
    int most = m->config.max_bytes / (is_acc(local) && !s->shrunk ? m->acc_bytes : m->elem_bytes);
    if (most < dim || (is_acc(local) && !s->shrunk && !m->in_loop)) most = dim;
    if (rows > dim) return gm_fail(m, RULE_ROWS, "mvin of %d rows; the array has %d", rows, dim);
    if (cols > most)
        return gm_fail(m, RULE_COLS, "mvin of %d columns to the %s; at most %d", cols, is_acc(local) ? "accumulator" : "scratchpad", most);
    int blocks = (cols + dim - 1) / dim;
    if (blocks > 1 && s->block_stride < rows)
        return gm_fail(m, RULE_BLOCK_STRIDE, "mvin of %d rows with block stride %d: the blocks overlap", rows, s->block_stride);
    int64_t base = row_of(m, local), last = (int64_t)(blocks > 0 ? blocks - 1 : 0) * s->block_stride + rows;
    return gm_local_rows(m, local, base, last, "mvin");
}

/* One row of a load, as it is written: to its own row and, for pixel repeats, to the rows before it. */
static void load_row(gm_machine *m, uint32_t local, int r, int cols, const uint8_t *from, const gm_load_state *s) {
    int dim = m->config.dim, bytes = is_acc(local) && !s->shrunk ? m->acc_bytes : m->elem_bytes;
    int64_t base = row_of(m, local), half = (is_acc(local) ? m->config.acc_rows : m->config.spad_rows) / 2;
    int64_t floor = base >= half ? half : 0; /* repeats do not reach into the other half */
    for (int p = 0; p < s->repeats; p++) {
        for (int c = 0; c < cols; c += dim) {
            int count = cols - c < dim ? cols - c : dim, at = p * cols; /* repeats shift right by the row's columns */
            int64_t row = base + r - p + (int64_t)(c / dim) * s->block_stride;
            if (row < floor || at + count > dim) continue;
            mark(m, local, row);
            if (is_acc(local)) put_acc(m, row, at, from + (size_t)c * (size_t)bytes, count, s, (local >> 30) & 1);
            else put_spad(m, row, at, from + (size_t)c * (size_t)bytes, count, s->scale);
        }
    }
}

int gm_mvin(gm_machine *m, int state, uint64_t dram, uint64_t rs2) {
    static const uint8_t zeros[4 * 4 * MAX_DIM * 4];
    gm_load_state *s = &m->load[state];
    uint32_t local = (uint32_t)rs2;
    int cols = (int)(rs2 >> 32 & 0xffff), rows = (int)(rs2 >> 48);
    int bytes = is_acc(local) && !s->shrunk ? m->acc_bytes : m->elem_bytes;
    int rule = check_mvin(m, local, rows, cols, s);
    if (rule) return rule;
    for (int r = 0; r < rows; r++) {
        const uint8_t *from = zeros;
        if (dram) {
            from = gm_dram(m, dram + (uint64_t)(r * s->stride), (uint64_t)cols * (uint64_t)bytes, 0);
            if (!from) return m->dram_rule;
        }
        load_row(m, local, r, cols, from, s);
    }
    gm_op *op = gm_record(m, GM_MVIN, GM_LOAD);
    op->rows = rows, op->cols = cols, op->block_stride = s->block_stride;
    op->local = row_of(m, local), op->dram = dram, op->stride = s->stride, op->element_bytes = bytes;
    op->rows2 = s->repeats;
    if (is_acc(local)) op->flags |= GM_ACC;
    if (local >> 30 & 1 && is_acc(local)) op->flags |= GM_ACCUMULATE;
    if (!dram) op->flags |= GM_ZEROS;
    if (s->scale != 1.0f) op->flags |= GM_SCALED;
    if (s->shrunk) op->flags |= GM_SHRUNK;
    return RULE_NONE;
}

static int32_t acc_int(const gm_machine *m, int64_t row, int c) {
    int32_t value;
    memcpy(&value, m->acc + (row * m->config.dim + c) * 4, 4);
    return value;
}

/* An accumulator as a store sees it: activated, scaled, rounded, saturated. */
static void read_acc(const gm_machine *m, int64_t row, int c, void *to) {
    float factor = 1.0f, x;
    memcpy(&x, m->acc + (row * m->config.dim + c) * 4, 4);
    if (!m->config.is_float) x = (float)acc_int(m, row, c);
    if (m->store_activation > ACT_RELU) x = (float)gm_activated(m, m->config.is_float ? x : (double)acc_int(m, row, c), &factor);
    x = x * factor * m->acc_scale;
    if (m->config.is_float) {
        if (m->store_activation == ACT_RELU && x < 0) x = 0;
        memcpy(to, &x, 4);
        return;
    }
    int8_t narrow = to_int8(x);
    if (m->store_activation == ACT_RELU && narrow < 0) narrow = 0;
    memcpy(to, &narrow, 1);
}

/* A store with a norm command: its values go into the statistics, and nowhere else. */
static void take_statistics(gm_machine *m, uint32_t local, int rows, int cols) {
    int dim = m->config.dim, command = local >> 26 & 7;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            int64_t row = row_of(m, local) + r + (int64_t)(c / dim) * dim;
            float x;
            memcpy(&x, m->acc + (row * dim + c % dim) * 4, 4);
            gm_norm_take(m, command, m->config.is_float ? x : (double)acc_int(m, row, c % dim));
        }
}

/* A block of accumulators through scale and relu alone, the usual case; the same as read_acc for each. */
static void store_narrow(const gm_machine *m, int64_t row, int count, uint8_t *to) {
    const int32_t *from = (const int32_t *)(const void *)(m->acc + row * m->config.dim * 4);
    float scale = m->acc_scale, low = m->store_activation == ACT_RELU ? 0.0f : -128.0f;
    for (int c = 0; c < count; c++) {
        float x = rintf((float)from[c] * scale);
        x = x > 127.0f ? 127.0f : x;
        to[c] = (uint8_t)(int8_t)(int)(x < low ? low : x);
    }
}

static int store_row(gm_machine *m, uint32_t local, int r, int cols, uint8_t *to) {
    int dim = m->config.dim, full = is_acc(local) && local >> 29 & 1;
    int64_t base = row_of(m, local);
    if (is_acc(local) && !full && !m->config.is_float && m->store_activation <= ACT_RELU) {
        for (int c = 0; c < cols; c += dim) store_narrow(m, base + r + c, cols - c < dim ? cols - c : dim, to + c);
        return RULE_NONE;
    }
    for (int c = 0; c < cols; c++) {
        int64_t row = base + r + (int64_t)(c / dim) * dim;
        int at = c % dim;
        if (!is_acc(local)) memcpy(to + c * m->elem_bytes, m->spad + (row * dim + at) * m->elem_bytes, (size_t)m->elem_bytes);
        else if (full) memcpy(to + c * 4, m->acc + (row * dim + at) * 4, 4);
        else read_acc(m, row, at, to + c * m->elem_bytes);
    }
    return RULE_NONE;
}

/* Max pooling: windows of pool_size^2 over the orows x ocols pixels that the local rows hold; outside is zero. */
static int store_pooled(gm_machine *m, uint32_t local, int cols, uint64_t dram) {
    for (int pr = 0; pr < m->porows; pr++) {
        for (int pc = 0; pc < m->pocols; pc++) {
            uint64_t address = dram + (uint64_t)((pr * m->pool_out_dim + pc) * m->store_stride);
            uint8_t *to = gm_dram(m, address, (uint64_t)cols * (uint64_t)m->elem_bytes, 1);
            if (!to) return m->dram_rule;
            for (int c = 0; c < cols; c++) {
                float best = -INFINITY;
                for (int wr = 0; wr < m->pool_size; wr++) {
                    for (int wc = 0; wc < m->pool_size; wc++) {
                        int r = pr * m->pool_stride + wr - m->upad, col = pc * m->pool_stride + wc - m->lpad;
                        float value = 0;
                        if (r >= 0 && r < m->orows && col >= 0 && col < m->ocols) {
                            int64_t row = row_of(m, local) + (int64_t)r * m->ocols + col;
                            int rule = gm_local_rows(m, local, row, 1, "pooled mvout");
                            if (rule) return rule;
                            int8_t x;
                            if (m->config.is_float) read_acc(m, row, c, &value);
                            else if (is_acc(local)) read_acc(m, row, c, &x), value = x;
                            else value = (int8_t)m->spad[row * m->config.dim + c];
                        }
                        best = value > best ? value : best;
                    }
                }
                if (m->config.is_float) memcpy(to + 4 * c, &best, 4);
                else to[c] = (uint8_t)(int8_t)best;
            }
        }
    }
    return RULE_NONE;
}

/* The local rows that a store reads exist and have been written; for pooling, the pixels that the windows cover. */
static int check_store(gm_machine *m, uint32_t local, int rows, int blocks) {
    int stride = m->config.dim, count = m->pool_stride ? m->orows * m->ocols : rows;
    int covered = (m->pocols - 1) * m->pool_stride + m->pool_size - m->lpad;
    int rule = gm_local_rows(m, local, row_of(m, local), (int64_t)(blocks - 1) * stride + count, "mvout");
    if (covered > m->ocols) covered = m->ocols;
    for (int r = 0; m->pool_stride && r < m->orows && !rule; r++)
        rule = gm_local_written(m, local + (uint32_t)(r * m->ocols), covered, 1, "pooled mvout");
    for (int b = 0; !m->pool_stride && b < blocks && !rule; b++)
        rule = gm_local_written(m, local + (uint32_t)(b * stride), count, 1, "mvout");
    return rule;
}

static int store_rows(gm_machine *m, uint32_t local, int rows, int cols, int bytes, uint64_t dram) {
    int rule = RULE_NONE;
    for (int r = 0; r < rows && !rule; r++) {
        uint8_t *to = gm_dram(m, dram + (uint64_t)(r * m->store_stride), (uint64_t)cols * (uint64_t)bytes, 1);
        rule = to ? store_row(m, local, r, cols, to) : m->dram_rule;
    }
    return rule;
}

static void record_store(gm_machine *m, uint32_t local, int rows, int cols, int bytes, uint64_t dram) {
    int full = is_acc(local) && local >> 29 & 1, norm = is_acc(local) && !full ? local >> 26 & 7 : 0;
    gm_op *op = gm_record(m, GM_MVOUT, GM_STORE);
    op->rows = rows, op->cols = cols, op->local = row_of(m, local), op->dram = dram;
    op->stride = m->store_stride, op->element_bytes = bytes, op->block_stride = m->config.dim;
    op->flags |= (uint16_t)((is_acc(local) ? GM_ACC : 0) | (full ? GM_FULL : 0) | (norm ? GM_STATISTICS : 0));
    if (!m->pool_stride) return;
    op->flags |= GM_POOLED; /* each pixel that leaves is the largest of rows2 */
    op->rows = m->porows * m->pocols, op->rows2 = m->pool_size * m->pool_size;
    op->cols2 = m->pocols, op->a_stride = m->pool_out_dim, op->second = (uint32_t)(m->orows * m->ocols);
}

int gm_mvout(gm_machine *m, uint64_t dram, uint64_t rs2) {
    uint32_t local = (uint32_t)rs2;
    int cols = (int)(rs2 >> 32 & 0xffff), rows = (int)(rs2 >> 48), dim = m->config.dim, rule = RULE_NONE;
    int full = is_acc(local) && (local >> 29 & 1), bytes = full ? m->acc_bytes : m->elem_bytes;
    int norm = is_acc(local) && !full ? local >> 26 & 7 : 0, blocks = cols > dim ? (cols + dim - 1) / dim : 1;
    int most = full ? (m->in_loop ? m->config.max_bytes / m->acc_bytes : dim) : m->config.max_bytes / m->elem_bytes;
    if (most < dim) most = dim;
    if (!m->pool_stride && rows > dim) return gm_fail(m, RULE_ROWS, "mvout of %d rows; the array has %d", rows, dim);
    if (m->pool_stride && (full || cols > dim)) return gm_fail(m, RULE_COLS, "pooled mvout of %d columns%s; one block of %d", cols, full ? " of whole accumulators" : "", dim);
    if (cols > most) return gm_fail(m, RULE_COLS, "mvout of %d columns; at most %d", cols, most);
    rule = check_store(m, local, rows, blocks);
    if (rule) return rule;
    m->store_begins = dram;
    if (norm) take_statistics(m, local, rows, cols);
    else rule = m->pool_stride ? store_pooled(m, local, cols, dram) : store_rows(m, local, rows, cols, bytes, dram);
    if (is_acc(local) && m->store_activation > ACT_RELU) gm_norm_end(m, norm);
    if (!rule) record_store(m, local, rows, cols, bytes, dram);
    return rule;
}

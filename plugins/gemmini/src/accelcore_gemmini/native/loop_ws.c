/* The hardware loop for GEMM and residual addition: five generators that walk the blocks of one tile.
 *
 * Orders (innermost last): A over k by groups, i; B over k, j by groups; D and C over j by groups, i; execute over k, j, i.
 * A group is as many blocks as one DMA row holds; a transposed operand is grouped along its other index.  The generators
 * run side by side in hardware; here they are merged by the hardware's priorities as if the reservation station never
 * filled up, which is a legal order, and every operation carries its generator and block, so that the model of time can
 * merge them again under the station's limits.
 */
#include "internal.h"

typedef struct { int major, minor, major_end, minor_end, step_major, step_minor, done; } walk;

typedef struct {
    const gm_loop_ws *r;
    int a_t, b_t, full, low_d, resadd, accumulate, parity, norm; /* norm: the activation, when it needs whole rows */
    uint32_t a_base, b_base, c_base; /* local rows */
    int group, group_c, group_d;
    walk a, b, d, x_ij, c;
    int x_k, x_done;
} tile;

static int limit(int value, int most) { return value < most ? value : most; }

static void advance(walk *w) {
    w->minor += w->step_minor;
    if (w->minor < w->minor_end) return;
    w->minor = 0, w->major += w->step_major;
    if (w->major >= w->major_end) w->done = 1;
}

static int pad(int at, int count, int blocks, uint64_t padding) { return at + blocks >= count ? (int)padding : 0; }

static uint64_t size(int rows, int cols, uint32_t local) { return (uint64_t)rows << 48 | (uint64_t)cols << 32 | local; }

static void tag(gm_machine *m, const tile *t, int stream, int i, int j, int k, const walk *after, int minor_is_k) {
    gm_op *g = &m->loop_tag;
    g->stream = (uint8_t)stream, g->parity = (uint8_t)t->parity, g->i = (int16_t)i, g->j = (int16_t)j, g->k = (int16_t)k;
    walk next = *after;
    advance(&next);
    g->next_k = (int16_t)(next.done ? GM_DONE : minor_is_k ? next.minor : next.major);
    g->next_minor = (int16_t)(minor_is_k ? next.major : next.minor);
}

static int load_a(gm_machine *m, tile *t) {
    const gm_loop_ws *r = t->r;
    int dim = m->config.dim, k = t->a.major, i = t->a.minor;
    int row = t->a_t ? k : i, col = t->a_t ? i : k, rows = (int)(t->a_t ? r->k : r->i), cols = (int)(t->a_t ? r->i : r->k);
    int blocks = limit(t->group, cols - col);
    int n_rows = dim - pad(row, rows, 1, t->a_t ? r->pad_k : r->pad_i);
    int n_cols = blocks * dim - pad(col, cols, blocks, t->a_t ? r->pad_i : r->pad_k);
    uint64_t from = r->a + ((uint64_t)row * r->a_stride + (uint64_t)col) * (uint64_t)(dim * m->elem_bytes);
    tag(m, t, GM_LOOP_A, i, 0, k, &t->a, 0);
    int rule = gm_mvin(m, 0, from, size(n_rows, n_cols, t->a_base + (uint32_t)((row * cols + col) * dim)));
    advance(&t->a);
    return rule;
}

/* The hardware ignores the row padding of B and reads whole blocks; the rows beyond are never used (counted in the
 * traffic of every public trace with ragged tiles). */
static void fetch_whole_block(gm_machine *m, int rule) {
    if (!rule) m->ops[m->op_count - 1].rows = m->config.dim;
}

static int load_b(gm_machine *m, tile *t) {
    const gm_loop_ws *r = t->r;
    int dim = m->config.dim, k = t->b.major, j = t->b.minor;
    int row = t->b_t ? j : k, col = t->b_t ? k : j, rows = (int)(t->b_t ? r->j : r->k), cols = (int)(t->b_t ? r->k : r->j);
    int blocks = limit(t->group, cols - col);
    int n_rows = dim - pad(row, rows, 1, t->b_t ? r->pad_j : r->pad_k);
    int n_cols = blocks * dim - pad(col, cols, blocks, t->b_t ? r->pad_k : r->pad_j);
    uint64_t from = r->b + ((uint64_t)row * r->b_stride + (uint64_t)col) * (uint64_t)(dim * m->elem_bytes);
    tag(m, t, GM_LOOP_B, 0, j, k, &t->b, 0);
    int rule = gm_mvin(m, 1, from, size(n_rows, n_cols, t->b_base + (uint32_t)((row * cols + col) * dim)));
    fetch_whole_block(m, rule);
    advance(&t->b);
    return rule;
}

static int load_d(gm_machine *m, tile *t) {
    const gm_loop_ws *r = t->r;
    int dim = m->config.dim, j = t->d.major, i = t->d.minor, blocks = limit(t->group_d, (int)r->j - j);
    int bytes = t->low_d ? m->elem_bytes : m->acc_bytes;
    uint64_t from = r->d + ((uint64_t)i * r->d_stride + (uint64_t)j) * (uint64_t)(dim * bytes);
    uint32_t to = 1u << 31 | (t->c_base + (uint32_t)(((uint32_t)i * (uint32_t)r->j + (uint32_t)j) * (uint32_t)dim));
    tag(m, t, GM_LOOP_D, i, j, 0, &t->d, 0);
    int rule = gm_mvin(m, 2, from, size(dim - pad(i, (int)r->i, 1, r->pad_i), blocks * dim - pad(j, (int)r->j, blocks, r->pad_j), to));
    advance(&t->d);
    return rule;
}

/* Residual addition: A (then B, accumulating) straight into the accumulator. */
static int load_sum(gm_machine *m, tile *t, int second) {
    const gm_loop_ws *r = t->r;
    walk *w = second ? &t->b : &t->a;
    int dim = m->config.dim, i = w->minor, j = w->major, blocks = limit(t->group, (int)r->j - j);
    uint64_t stride = second ? r->b_stride : r->a_stride;
    uint64_t from = (second ? r->b : r->a) + ((uint64_t)i * stride + (uint64_t)j) * (uint64_t)(dim * m->elem_bytes);
    uint32_t to = 1u << 31 | (uint32_t)second << 30 | (t->c_base + (uint32_t)((i * (int)r->j + j) * dim));
    tag(m, t, second ? GM_LOOP_B : GM_LOOP_A, i, j, 0, w, 0);
    int rule = gm_mvin(m, second, from, size(dim - pad(i, (int)r->i, 1, r->pad_i), blocks * dim - pad(j, (int)r->j, blocks, r->pad_j), to));
    if (second) fetch_whole_block(m, rule);
    advance(w);
    return rule;
}

static int execute_block(gm_machine *m, tile *t) {
    const gm_loop_ws *r = t->r;
    int dim = m->config.dim, k = t->x_k, j = t->x_ij.major, i = t->x_ij.minor;
    int rows = dim - pad(i, (int)r->i, 1, r->pad_i), cols = dim - pad(j, (int)r->j, 1, r->pad_j);
    int depth = dim - pad(k, (int)r->k, 1, r->pad_k);
    uint32_t a = t->a_base + (uint32_t)((t->a_t ? k * (int)r->i + i : i * (int)r->k + k) * dim);
    uint32_t b = t->b_base + (uint32_t)((t->b_t ? j * (int)r->k + k : k * (int)r->j + j) * dim);
    uint32_t c = 1u << 31 | (uint32_t)(t->accumulate || k > 0) << 30 | (t->c_base + (uint32_t)((i * (int)r->j + j) * dim));
    walk done = {.done = 1};
    tag(m, t, GM_LOOP_X, i, j, k, &done, 0);
    int rule = gm_preload(m, i == 0 ? size(depth, cols, b) : size(dim, dim, GM_GARBAGE), size(rows, cols, c));
    if (!rule) rule = gm_compute(m, i == 0, size(rows, depth, a), size(dim, dim, GM_GARBAGE));
    advance(&t->x_ij);
    if (t->x_ij.done) {
        t->x_ij.major = t->x_ij.minor = t->x_ij.done = 0;
        if (++t->x_k == (int)r->k) t->x_done = 1;
    }
    return rule;
}

static int store_c(gm_machine *m, tile *t) {
    const gm_loop_ws *r = t->r;
    int dim = m->config.dim, j = t->c.major, i = t->c.minor, blocks = limit(t->group_c, (int)r->j - j);
    uint64_t to = r->c + ((uint64_t)i * r->c_stride + (uint64_t)j) * (uint64_t)(dim * (t->full ? m->acc_bytes : m->elem_bytes));
    uint32_t from = 1u << 31 | (uint32_t)t->full << 29 | (t->c_base + (uint32_t)((i * (int)r->j + j) * dim));
    walk done = {.done = 1};
    tag(m, t, GM_LOOP_C, i, j + blocks - 1, (int)r->k - 1, &done, 0);
    int rule = gm_mvout(m, to, size(dim - pad(i, (int)r->i, 1, r->pad_i), blocks * dim - pad(j, (int)r->j, blocks, r->pad_j), from));
    advance(&t->c);
    return rule;
}

/* Activations over whole rows: for a few rows at a time, passes that gather statistics, then one that stores. */
static int store_normalized(gm_machine *m, tile *t) {
    enum { ROWS_AT_A_TIME = 4, PASSES = 3 };
    static const int commands[2][PASSES][2] = {{{1, 2}, {3, 4}, {0, 0}}, {{5, 5}, {6, 7}, {0, 0}}}; /* before, and for, the last block */
    const gm_loop_ws *r = t->r;
    int dim = m->config.dim, i = t->c.minor, rule = RULE_NONE, J = (int)r->j, rows = dim - pad(i, (int)r->i, 1, r->pad_i);
    walk done = {.done = 1};
    tag(m, t, GM_LOOP_C, i, J - 1, (int)r->k - 1, &done, 0);
    for (int first = 0; first < rows; first += ROWS_AT_A_TIME)
        for (int step = 0; step < PASSES; step++)
            for (int row = first; row < limit(first + ROWS_AT_A_TIME, rows); row++) {
                gm_config_command(m, 1ull << 17 | (uint64_t)(row - first) << 8 | 3, 0);
                for (int j = 0; j < J && !rule; j += t->group_c) {
                    int n = limit(t->group_c, J - j), command = commands[t->norm == ACT_SOFTMAX][step][j + n == J];
                    uint32_t from = 1u << 31 | (uint32_t)command << 26 | (t->c_base + (uint32_t)((i * J + j) * dim + row));
                    uint64_t to = r->c + (((uint64_t)(i * dim + row)) * r->c_stride + (uint64_t)(j * dim)) * (uint64_t)m->elem_bytes;
                    rule = gm_mvout(m, to, size(1, n * dim - pad(j, J, n, r->pad_j), from));
                }
            }
    advance(&t->c);
    return rule;
}

/* Whether the loads for the next block of the execute generator have been made. */
static int execute_ready(const tile *t) {
    int k = t->x_k, j = t->x_ij.major, i = t->x_ij.minor;
    int a = t->a.done || t->a.major > k || (t->a.major == k && t->a.minor > i);
    int b = t->b.done || t->b.major > k || (t->b.major == k && t->b.minor > j);
    return a && b && t->d.done;
}

static int store_ready(const tile *t) {
    if (t->norm) return t->x_done;
    int last = t->c.major + limit(t->group_c, (int)t->r->j - t->c.major) - 1;
    if (t->resadd) return t->b.done || t->b.major > t->c.major || (t->b.major == t->c.major && t->b.minor > t->c.minor);
    return t->x_done || (t->x_k == (int)t->r->k - 1 && (t->x_ij.major > last || (t->x_ij.major == last && t->x_ij.minor > t->c.minor)));
}

static int step(gm_machine *m, tile *t) {
    if (!t->c.done && store_ready(t)) return t->norm ? store_normalized(m, t) : store_c(m, t);
    if (!t->x_done && execute_ready(t)) return execute_block(m, t);
    if (!t->d.done) return load_d(m, t);
    if (t->resadd) return t->a.done ? load_sum(m, t, 1) : load_sum(m, t, 0);
    /* A leads where both are at one k, but the first block of B comes first of all. */
    int b_started = t->b.done || t->b.major || t->b.minor;
    int take_a = !t->a.done && (t->b.done || (b_started && t->a.major <= t->b.major));
    return take_a ? load_a(m, t) : load_b(m, t);
}

static walk over(int major, int step_major, int minor, int step_minor, int skip) {
    return (walk){0, 0, major, minor, step_major, step_minor, skip || !major || !minor};
}

static int capacity(gm_machine *m, const tile *t) {
    const gm_loop_ws *r = t->r;
    int64_t dim = m->config.dim, spad = m->config.spad_rows / 2, acc = m->config.acc_rows / 2;
    int64_t in = (int64_t)(r->i * r->k + r->k * r->j) * dim, out = (int64_t)(r->i * r->j) * dim;
    if ((!t->resadd && in > spad) || out > acc)
        return gm_fail(m, RULE_LOOP_CAPACITY, "loop_ws of %llu x %llu x %llu blocks needs %lld scratchpad and %lld accumulator rows; a loop has %lld and %lld",
                       (unsigned long long)r->i, (unsigned long long)r->j, (unsigned long long)r->k, (long long)in,
                       (long long)out, (long long)spad, (long long)acc);
    return RULE_NONE;
}

static int run(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    const gm_loop_ws *r = &m->loop;
    int group = m->config.max_bytes / (m->config.dim * m->elem_bytes);
    int group_acc = m->config.max_bytes / (m->config.dim * m->acc_bytes);
    tile t = {.r = r, .a_t = (int)(rs2 & 1), .b_t = (int)(rs2 >> 1 & 1), .resadd = (int)(rs2 >> 2 & 1),
              .accumulate = (int)(rs1 & 1), .full = (int)(rs1 >> 1 & 1), .low_d = (int)(rs1 >> 2 & 1)};
    int i = (int)r->i, j = (int)r->j, k = (int)r->k, half = m->config.spad_rows / 2, acc_half = m->config.acc_rows / 2;
    int rule = capacity(m, &t);
    if (rule) return rule;
    if (group_acc < 1) group_acc = 1;
    t.group = group, t.group_c = t.full ? group_acc : group, t.group_d = t.low_d ? group : group_acc;
    t.parity = m->loop_parity, m->loop_parity ^= 1;
    int a_half = (int)(rs1 >> 18 & 3), b_half = (int)(rs1 >> 16 & 3); /* a half that the program names, or 0 */
    a_half = a_half ? (a_half - 1) & 1 : t.parity, b_half = b_half ? (b_half - 1) & 1 : t.parity;
    t.a_base = (uint32_t)(a_half * half), t.b_base = (uint32_t)((b_half + 1) * half - (t.resadd ? 0 : k * j * m->config.dim));
    t.c_base = (uint32_t)(m->result_half * acc_half);
    if (r->c) m->result_half ^= 1; /* a loop without a result goes on in the next one */
    t.a = t.resadd ? over(j, group, i, 1, !r->a) : t.a_t ? over(k, 1, i, group, !r->a) : over(k, group, i, 1, !r->a);
    t.b = t.resadd ? over(j, group, i, 1, !r->b) : t.b_t ? over(k, group, j, 1, !r->b) : over(k, 1, j, group, !r->b);
    t.d = over(j, t.group_d, i, 1, !r->d || t.resadd);
    int act = (int)(rs1 >> 8 & 7);
    t.norm = !t.full && !t.resadd && (act == ACT_LAYERNORM || act == ACT_SOFTMAX) ? act : 0;
    t.c = t.norm ? over(1, 1, i, 1, !r->c) : over(j, t.group_c, i, 1, !r->c);
    t.x_ij = over(j, 1, i, 1, 0), t.x_done = t.resadd || !(i && j && k);
    gm_op *op = gm_record(m, GM_LOOP_RUN, GM_NONE);
    int64_t at = op - m->ops, before = m->op_count;
    if (t.resadd) op->flags |= GM_SHRUNK; /* marks the kind of loop for the model of time */
    op->parity = (uint8_t)t.parity;
    m->in_loop = 1;
    while (!rule && !(t.a.done && t.b.done && t.d.done && t.x_done && t.c.done)) rule = step(m, &t);
    m->in_loop = 0;
    m->ops[at].rows = (int32_t)(m->op_count - before);
    return rule;
}

int gm_loop_command(gm_machine *m, uint32_t funct, uint64_t rs1, uint64_t rs2) {
    gm_loop_ws *r = &m->loop;
    if (funct == 8) return run(m, rs1, rs2);
    if (funct == 15) return gm_loop_conv(m, rs1, rs2);
    if (funct >= 16) m->conv.word[2 * (funct - 16)] = rs1, m->conv.word[2 * (funct - 16) + 1] = rs2;
    if (funct == 9) {
        r->pad_i = rs1 & 0xffff, r->pad_j = rs1 >> 16 & 0xffff, r->pad_k = rs1 >> 32 & 0xffff;
        r->i = rs2 & 0xffff, r->j = rs2 >> 16 & 0xffff, r->k = rs2 >> 32 & 0xffff;
    }
    if (funct == 10) r->a = rs1, r->b = rs2;
    if (funct == 11) r->d = rs1, r->c = rs2;
    if (funct == 12) r->a_stride = rs1, r->b_stride = rs2;
    if (funct == 13) r->d_stride = rs1, r->c_stride = rs2;
    gm_record(m, GM_LOOP_CONFIG, GM_NONE);
    return RULE_NONE;
}

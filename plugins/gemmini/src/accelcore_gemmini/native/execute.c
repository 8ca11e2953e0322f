/* The array: preload and compute in both dataflows. */
#include <math.h>
#include <string.h>

#if defined(__AVX512BW__)
#include <immintrin.h>
#endif

#include "internal.h"

typedef struct { int rows, cols; } extent;

static int check_operand(gm_machine *m, uint32_t local, int rows, int cols, int stride, const char *what) {
    int dim = m->config.dim;
    if (is_garbage(local)) return RULE_NONE;
    if (rows > dim || cols > dim)
        return gm_fail(m, RULE_ROWS, "%s of %d x %d; the array is %d x %d", what, rows, cols, dim, dim);
    if (!rows) return RULE_NONE;
    return gm_local_rows(m, local, row_of(m, local), (int64_t)(rows - 1) * stride + 1, what);
}

/* An operand block from the scratchpad as int32, zero outside rows x cols; transposed when asked.
 * rows and cols are those of the operand after transposition. */
static void fetch_int(const gm_machine *m, uint32_t local, int rows, int cols, int stride, int transpose, int32_t out[][MAX_DIM]) {
    int dim = m->config.dim;
    int64_t base = row_of(m, local);
    const int8_t *spad = (const int8_t *)m->spad;
    if (dim == 16 && rows == 16 && cols == 16 && !transpose && !is_garbage(local)) { /* the usual case: no tails */
        for (int r = 0; r < 16; r++)
            for (int c = 0; c < 16; c++) out[r][c] = spad[(base + (int64_t)r * stride) * 16 + c];
        return;
    }
    for (int r = 0; r < dim; r++) memset(out[r], 0, sizeof(int32_t) * (size_t)dim);
    if (is_garbage(local)) return;
    for (int r = 0; !transpose && r < rows; r++) { /* ranges were checked */
        const int8_t *from = spad + (base + (int64_t)r * stride) * dim;
        for (int c = 0; c < cols; c++) out[r][c] = from[c];
    }
    for (int c = 0; transpose && c < cols; c++) {
        const int8_t *from = spad + (base + (int64_t)c * stride) * dim;
        for (int r = 0; r < rows; r++) out[r][c] = from[r];
    }
}

static void fetch_float(const gm_machine *m, uint32_t local, int rows, int cols, int stride, int transpose, float out[][MAX_DIM]) {
    int dim = m->config.dim;
    for (int r = 0; r < dim; r++) memset(out[r], 0, sizeof(float) * (size_t)dim);
    if (is_garbage(local)) return;
    int64_t base = row_of(m, local);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            int64_t row = base + (int64_t)(transpose ? c : r) * stride;
            if (row < m->config.spad_rows) out[r][c] = ((const float *)m->spad)[row * dim + (transpose ? r : c)];
        }
}

static int8_t saturate(int32_t x) { return (int8_t)(x > 127 ? 127 : x < -128 ? -128 : x); }

/* Rounding shift to the right, half to even: how an output-stationary result leaves the array. */
static int32_t rounding_shift(int32_t x, int shift) {
    if (shift <= 0) return x;
    int32_t whole = x >> shift, rest = x & ((1 << shift) - 1), half = 1 << (shift - 1);
    return whole + (rest > half || (rest == half && (whole & 1)));
}

static void write_c_int(gm_machine *m, int32_t c[][MAX_DIM]) {
    uint32_t local = m->preload_c;
    int dim = m->config.dim, add = local >> 30 & 1;
    if (is_garbage(local)) return;
    for (int r = 0; r < m->c_rows; r++) {
        int64_t row = row_of(m, local) + (int64_t)r * m->c_stride;
        if (is_acc(local)) {
            m->acc_written[row] = 1;
            uint32_t *to = (uint32_t *)(void *)(m->acc + row * dim * 4);
            for (int j = 0; j < m->c_cols; j++) to[j] = (add ? to[j] : 0u) + (uint32_t)c[r][j];
        } else {
            m->spad_written[row] = 1;
            int8_t *to = (int8_t *)m->spad + row * dim;
            for (int j = 0; j < m->c_cols; j++) {
                int8_t x = saturate(m->dataflow_ws ? c[r][j] : rounding_shift(c[r][j], m->in_shift));
                to[j] = m->activation == 1 && x < 0 ? 0 : x;
            }
        }
    }
}

static void write_c_float(gm_machine *m, float c[][MAX_DIM]) {
    uint32_t local = m->preload_c;
    int dim = m->config.dim, add = local >> 30 & 1;
    if (is_garbage(local)) return;
    for (int r = 0; r < m->c_rows; r++) {
        int64_t row = row_of(m, local) + (int64_t)r * m->c_stride;
        (is_acc(local) ? m->acc_written : m->spad_written)[row] = 1;
        float *to = (float *)(void *)(is_acc(local) ? m->acc : m->spad) + row * dim;
        for (int j = 0; j < m->c_cols; j++) {
            float x = is_acc(local) && add ? to[j] + c[r][j] : c[r][j];
            to[j] = !is_acc(local) && m->activation == 1 && x < 0 ? 0 : x;
        }
    }
}

int gm_preload(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    uint32_t bd = (uint32_t)rs1, c = (uint32_t)rs2;
    int bd_cols = (int)(rs1 >> 32 & 0xffff), bd_rows = (int)(rs1 >> 48);
    int c_cols = (int)(rs2 >> 32 & 0xffff), c_rows = (int)(rs2 >> 48);
    if (is_acc(bd) && !is_garbage(bd))
        return gm_fail(m, RULE_UNSUPPORTED, "preload reads the accumulator: move it out first");
    int turned = m->dataflow_ws && m->b_transpose; /* sizes are those after the transposition */
    int rule = check_operand(m, bd, turned ? bd_cols : bd_rows, turned ? bd_rows : bd_cols, 1,
                             m->dataflow_ws ? "preload of B" : "preload of D");
    if (!rule) rule = check_operand(m, c, c_rows, c_cols, m->c_stride, "destination C of a preload");
    if (rule) return rule;
    m->preload_bd = bd, m->preload_c = c;
    m->bd_rows = bd_rows, m->bd_cols = bd_cols, m->c_rows = c_rows, m->c_cols = c_cols;
    gm_op *op = gm_record(m, GM_PRELOAD, GM_EXECUTE);
    op->local = is_garbage(bd) ? GM_GARBAGE : row_of(m, bd), op->rows2 = bd_rows, op->cols2 = bd_cols;
    op->second = is_garbage(c) ? GM_GARBAGE : row_of(m, c), op->rows = c_rows, op->cols = c_cols;
    op->c_stride = m->c_stride;
    if (is_acc(c) && !is_garbage(c)) op->flags |= GM_ACC;
    if (is_acc(c) && c >> 30 & 1 && !is_garbage(c)) op->flags |= GM_ACCUMULATE;
    if (!is_garbage(bd)) op->flags |= GM_NEW_WEIGHTS;
    if (!m->dataflow_ws) op->flags |= GM_OS;
    if (m->b_transpose) op->flags |= GM_TRANSPOSE_B;
    if (m->a_transpose) op->flags |= GM_TRANSPOSE_A;
    return RULE_NONE;
}

/* sums += left * weights, in wrap-around arithmetic. */
static void multiply_int(int dim, const int32_t left[][MAX_DIM], const int32_t weights[][MAX_DIM], int32_t sums[][MAX_DIM]) {
    for (int i = 0; i < dim; i++)
        for (int k = 0; k < dim; k++) {
            uint32_t x = (uint32_t)left[i][k];
            for (int j = 0; j < dim; j++) sums[i][j] = (int32_t)((uint32_t)sums[i][j] + x * (uint32_t)weights[k][j]);
        }
}

#if defined(__AVX512BW__)
/* The same at dim 16 for operands that were elements: two products a lane, of 16 bits each. */
static void multiply_16(const int32_t left[][MAX_DIM], const int32_t weights[][MAX_DIM], int32_t sums[][MAX_DIM]) {
    typedef uint32_t lanes __attribute__((vector_size(64)));
    lanes held[8];
    for (int k = 0; k < 8; k++) {
        lanes even, odd;
        memcpy(&even, weights[2 * k], sizeof even), memcpy(&odd, weights[2 * k + 1], sizeof odd);
        held[k] = (even & 0xffffu) | odd << 16;
    }
    for (int i = 0; i < 16; i++) {
        lanes sum, pair;
        memcpy(&sum, sums[i], sizeof sum);
        for (int k = 0; k < 8; k++) {
            pair = (lanes){0} + (((uint32_t)left[i][2 * k] & 0xffffu) | (uint32_t)left[i][2 * k + 1] << 16);
            sum += (lanes)_mm512_madd_epi16((__m512i)pair, (__m512i)held[k]);
        }
        memcpy(sums[i], &sum, sizeof sum);
    }
}
#else
/* The same at dim 16, with the weights and one row of sums in vector registers where the machine has enough. */
static void multiply_16(const int32_t left[][MAX_DIM], const int32_t weights[][MAX_DIM], int32_t sums[][MAX_DIM]) {
    typedef uint32_t lanes __attribute__((vector_size(64)));
    lanes held[16];
    for (int k = 0; k < 16; k++) memcpy(&held[k], weights[k], sizeof held[k]);
    for (int i = 0; i < 16; i++) {
        lanes even, odd = {0};
        memcpy(&even, sums[i], sizeof even);
        for (int k = 0; k < 16; k += 2) {
            even += (uint32_t)left[i][k] * held[k];
            odd += (uint32_t)left[i][k + 1] * held[k + 1];
        }
        even += odd;
        memcpy(sums[i], &even, sizeof even);
    }
}
#endif

static void compute_int(gm_machine *m, int preloaded, uint32_t a, extent ae, uint32_t bd, extent be) {
    int dim = m->config.dim;
    int32_t left[MAX_DIM][MAX_DIM], right[MAX_DIM][MAX_DIM], out[MAX_DIM][MAX_DIM];
    fetch_int(m, a, ae.rows, ae.cols, m->a_stride, m->a_transpose, left);
    if (m->dataflow_ws) {
        if (preloaded && !is_garbage(m->preload_bd))
            fetch_int(m, m->preload_bd, m->bd_rows, m->bd_cols, 1, m->b_transpose, m->weights_i);
        fetch_int(m, bd, be.rows, be.cols, 1, 0, out);
    } else {
        fetch_int(m, bd, be.rows, be.cols, 1, m->b_transpose, right);
        if (preloaded) fetch_int(m, m->preload_bd, m->bd_rows, m->bd_cols, 1, 0, m->weights_i);
    }
    int32_t(*weights)[MAX_DIM] = m->dataflow_ws ? m->weights_i : right;
    int32_t(*sums)[MAX_DIM] = m->dataflow_ws ? out : m->weights_i;
    if (dim == 16) multiply_16((const int32_t(*)[MAX_DIM])left, (const int32_t(*)[MAX_DIM])weights, sums);
    else multiply_int(dim, (const int32_t(*)[MAX_DIM])left, (const int32_t(*)[MAX_DIM])weights, sums);
    write_c_int(m, sums);
}

static void compute_float(gm_machine *m, int preloaded, uint32_t a, extent ae, uint32_t bd, extent be) {
    int dim = m->config.dim;
    float left[MAX_DIM][MAX_DIM], right[MAX_DIM][MAX_DIM], out[MAX_DIM][MAX_DIM];
    fetch_float(m, a, ae.rows, ae.cols, m->a_stride, m->a_transpose, left);
    if (m->dataflow_ws) {
        if (preloaded && !is_garbage(m->preload_bd))
            fetch_float(m, m->preload_bd, m->bd_rows, m->bd_cols, 1, m->b_transpose, m->weights_f);
        fetch_float(m, bd, be.rows, be.cols, 1, 0, out);
    } else {
        fetch_float(m, bd, be.rows, be.cols, 1, m->b_transpose, right);
        if (preloaded) fetch_float(m, m->preload_bd, m->bd_rows, m->bd_cols, 1, 0, m->weights_f);
    }
    float(*weights)[MAX_DIM] = m->dataflow_ws ? m->weights_f : right;
    float(*sums)[MAX_DIM] = m->dataflow_ws ? out : m->weights_f;
    for (int i = 0; i < dim; i++)
        for (int k = 0; k < dim; k++)
            for (int j = 0; j < dim; j++) sums[i][j] += left[i][k] * weights[k][j];
    write_c_float(m, sums);
}

int gm_compute(gm_machine *m, int preloaded, uint64_t rs1, uint64_t rs2) {
    uint32_t a = (uint32_t)rs1, bd = (uint32_t)rs2;
    extent ae = {(int)(rs1 >> 48), (int)(rs1 >> 32 & 0xffff)}, be = {(int)(rs2 >> 48), (int)(rs2 >> 32 & 0xffff)};
    if ((is_acc(a) && !is_garbage(a)) || (is_acc(bd) && !is_garbage(bd)))
        return gm_fail(m, RULE_UNSUPPORTED, "compute reads the accumulator: move it out first");
    int rule = check_operand(m, a, m->a_transpose ? ae.cols : ae.rows, m->a_transpose ? ae.rows : ae.cols, m->a_stride, "operand A of a compute");
    int turned = !m->dataflow_ws && m->b_transpose, bd_rows = turned ? be.cols : be.rows;
    if (!rule) rule = check_operand(m, bd, bd_rows, turned ? be.rows : be.cols, 1, m->dataflow_ws ? "operand D of a compute" : "operand B of a compute");
    if (!rule) rule = gm_local_written(m, a, m->a_transpose ? ae.cols : ae.rows, m->a_stride, "operand A of a compute");
    if (!rule) rule = gm_local_written(m, bd, bd_rows, 1, m->dataflow_ws ? "operand D of a compute" : "operand B of a compute");
    int held = m->dataflow_ws && m->b_transpose ? m->bd_cols : m->bd_rows;
    if (!rule && preloaded) rule = gm_local_written(m, m->preload_bd, held, 1, "preload");
    if (rule) return rule;
    if (m->config.is_float) compute_float(m, preloaded, a, ae, bd, be);
    else compute_int(m, preloaded, a, ae, bd, be);
    gm_op *op = gm_record(m, GM_COMPUTE, GM_EXECUTE);
    op->local = is_garbage(a) ? GM_GARBAGE : row_of(m, a), op->rows = ae.rows, op->cols = ae.cols;
    op->second = is_garbage(bd) ? GM_GARBAGE : row_of(m, bd), op->rows2 = be.rows, op->cols2 = be.cols;
    op->a_stride = m->a_stride;
    if (preloaded) op->flags |= GM_NEW_WEIGHTS;
    if (!m->dataflow_ws) op->flags |= GM_OS;
    if (m->a_transpose) op->flags |= GM_TRANSPOSE_A;
    if (m->b_transpose) op->flags |= GM_TRANSPOSE_B;
    return RULE_NONE;
}

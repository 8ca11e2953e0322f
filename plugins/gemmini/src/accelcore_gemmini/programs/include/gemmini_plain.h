/* Plain C forms: how results are activated, scaled and saturated, and products with every option. */
#ifndef ACCELCORE_GEMMINI_PLAIN_H
#define ACCELCORE_GEMMINI_PLAIN_H

#include "include/gemmini_commands.h"

enum tiled_matmul_type_t { OS, WS, CPU };

static inline size_t gemmini_ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }
static inline size_t gemmini_least(size_t a, size_t b) { return a < b ? a : b; }
static inline int gemmini_min(int a, int b) { return a < b ? a : b; }
static inline int gemmini_max(int a, int b) { return a > b ? a : b; }

static inline void gemmini_refuse(const char *what) {
    printf("%s\n", what);
    exit(1);
}

/* Constants of the integer activations (I-BERT): polynomials of second degree over values of the given scale, which is a float,
 * as are the intermediate results: an integer is cut off from them. */
typedef struct { acc_t qln2, qln2_inv, qb, qc; } gemmini_constants;

static gemmini_constants gemmini_igelu_constants(acc_scale_t scale) {
    const acc_scale_t narrowed = scale / 1.41421356237f;
    return (gemmini_constants){0, 0, (acc_t)(-1.769 / narrowed), (acc_t)(1.0 / (-0.2888 * narrowed * narrowed))};
}

static gemmini_constants gemmini_softmax_constants(acc_scale_t scale) {
    const acc_scale_t a = 0.3585f, b = 1.353f, c = 0.344f;
    gemmini_constants made = {(acc_t)(0.693147 / scale), 0, (acc_t)(b / scale), (acc_t)(c / (a * scale * scale))};
    made.qln2_inv = (acc_t)(65536 / (made.qln2 ? made.qln2 : 1));
    return made;
}

static acc_t gemmini_igelu(acc_t q, gemmini_constants k) {
    acc_t size = q < 0 ? -q : q, clipped = size < -k.qb ? size : -k.qb, poly = (clipped + k.qb) * (clipped + k.qb) + k.qc;
    return q * ((q < 0 ? -poly : poly) + k.qc);
}

/* exp of q <= 0. */
static acc_t gemmini_iexp(acc_t q, gemmini_constants k) {
#if GEMMINI_FLOAT
    int octaves = (int)floor(-q / k.qln2);
    acc_t rest = q + octaves * k.qln2 + k.qb;
    return (acc_t)ldexp(rest * rest + k.qc, -octaves);
#else
    acc_t octaves = (-q * k.qln2_inv) >> 16, rest = q + octaves * k.qln2 + k.qb;
    return octaves < 0 || octaves > 31 ? 0 : (rest * rest + k.qc) >> octaves;
#endif
}

/* An accumulator on its way out: activated, scaled, rounded and saturated. */
static elem_t scale_and_sat(acc_t x, int act, acc_scale_t scale, acc_scale_t bert_scale) {
    if (act == IGELU) x = gemmini_igelu(x, gemmini_igelu_constants(bert_scale));
    elem_t out = ACC_SCALE(x, scale);
    return act == RELU && out < 0 ? 0 : out;
}

static acc_t gemmini_root(acc_t x) {
#if GEMMINI_FLOAT
    return sqrtf(x);
#else
    if (x <= 0) return 0;
    acc_t r = (acc_t)sqrt((double)x);
    while ((long long)r * r > x) r--;
    return r;
#endif
}

static void gemmini_layernorm_row(size_t n, const acc_t *in, elem_t *out, acc_scale_t scale) {
    acc_t sum = 0, squares = 0;
    for (size_t j = 0; j < n; j++) sum += in[j];
    acc_t mean = sum / (acc_t)n;
    for (size_t j = 0; j < n; j++) squares += (in[j] - mean) * (in[j] - mean);
    acc_t deviation = gemmini_root(squares / (acc_t)n);
    for (size_t j = 0; j < n; j++) out[j] = ACC_SCALE(in[j] - mean, (deviation > 0 ? 1.0f / (float)deviation : 1.0f) * scale);
}

static void gemmini_softmax_row(size_t n, const acc_t *in, elem_t *out, acc_scale_t scale, acc_scale_t bert_scale) {
    gemmini_constants k = gemmini_softmax_constants(bert_scale);
    acc_t most = in[0], sum = 0;
    for (size_t j = 1; j < n; j++) most = in[j] > most ? in[j] : most;
    for (size_t j = 0; j < n; j++) sum += gemmini_iexp(in[j] - most, k);
    for (size_t j = 0; j < n; j++) out[j] = ACC_SCALE(gemmini_iexp(in[j] - most, k), (GEMMINI_FLOAT ? 1.0f : 127.0f) / (float)sum * scale);
}

/* A row of accumulators through any activation. */
static void gemmini_activate_row(size_t n, const acc_t *in, elem_t *out, int act, acc_scale_t scale, acc_scale_t bert_scale) {
    if (act == LAYERNORM) gemmini_layernorm_row(n, in, out, scale);
    else if (act == SOFTMAX) gemmini_softmax_row(n, in, out, scale, bert_scale);
    else for (size_t j = 0; j < n; j++) out[j] = scale_and_sat(in[j], act, scale, bert_scale);
}

/* Row i of A B + D. */
static void gemmini_product_row(bool transA, bool transB, size_t i, size_t J, size_t K, const elem_t *A, const elem_t *B, const void *D,
                                bool low_D, size_t stride_A, size_t stride_B, size_t stride_D, scale_t A_scale, scale_t B_scale,
                                scale_acc_t D_scale, bool repeating_bias, acc_t *row) {
    for (size_t j = 0; j < J; j++) {
        size_t at = repeating_bias ? j : i * stride_D + j;
        acc_t sum = !D ? 0 : low_D ? MVIN_SCALE(((const elem_t *)D)[at], D_scale) : MVIN_SCALE_ACC(((const acc_t *)D)[at], D_scale);
        for (size_t k = 0; k < K; k++) {
            elem_t a = MVIN_SCALE(transA ? A[k * stride_A + i] : A[i * stride_A + k], A_scale);
            elem_t b = MVIN_SCALE(transB ? B[j * stride_B + k] : B[k * stride_B + j], B_scale);
            sum += (acc_t)a * b;
        }
        row[j] = sum;
    }
}

/* C = act(scale * (A B + D)) in plain C, with results as elements or whole. */
static void gemmini_matmul_plain(bool transA, bool transB, size_t I, size_t J, size_t K, const elem_t *A, const elem_t *B, const void *D,
                                 void *C, size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C, scale_t A_scale,
                                 scale_t B_scale, scale_acc_t D_scale, int act, acc_scale_t scale, acc_scale_t bert_scale,
                                 bool repeating_bias, bool full_C, bool low_D) {
    acc_t *row = (acc_t *)malloc((J ? J : 1) * sizeof(acc_t));
    elem_t *narrow = (elem_t *)malloc((J ? J : 1) * sizeof(elem_t));
    for (size_t i = 0; i < I; i++) {
        gemmini_product_row(transA, transB, i, J, K, A, B, D, low_D, stride_A, stride_B, stride_D, A_scale, B_scale, D_scale, repeating_bias, row);
        if (!full_C) gemmini_activate_row(J, row, narrow, act, scale, bert_scale);
        for (size_t j = 0; j < J; j++)
            if (full_C) ((acc_t *)C)[i * stride_C + j] = row[j];
            else ((elem_t *)C)[i * stride_C + j] = narrow[j];
    }
    free(row), free(narrow);
}

static void matmul_cpu(bool transA, bool transB, size_t DIM_I, size_t DIM_J, size_t DIM_K, const elem_t *A, const elem_t *B,
                       const acc_t *D, elem_t *C, size_t stride_A, size_t stride_B, size_t stride_D, size_t stride_C,
                       scale_t A_scale, scale_t B_scale, scale_acc_t D_scale, int act, acc_scale_t scale,
                       acc_scale_t bert_scale, bool repeating_bias) {
    gemmini_matmul_plain(transA, transB, DIM_I, DIM_J, DIM_K, A, B, D, C, stride_A, stride_B, stride_D, stride_C, A_scale, B_scale, D_scale,
                         act, scale, bert_scale, repeating_bias, false, false);
}
#endif

/* A product with an activation that looks at whole rows, or at a polynomial: ACT, SCALE (of the inputs), TYPE. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#ifndef BAREMETAL
#include <sys/mman.h>
#endif
#include "include/gemmini_testutils.h"
#include "check.h"

#define M 37
#define N 150
#define K 24
static elem_t A[M][K] row_align(1), B[K][N] row_align(1), C[M][N] row_align(1);
static acc_t D[M][N] row_align_acc(1);

static int whole_root(long long x) {
    int r = 0;
    while ((long long)(r + 1) * (r + 1) <= x) r++;
    return r;
}

static void layernorm(const int *x, int *out) {
    long long sum = 0, squares = 0;
    for (int j = 0; j < N; j++) sum += x[j];
    int mean = (int)(sum / N);
    for (int j = 0; j < N; j++) squares += (long long)(x[j] - mean) * (x[j] - mean);
    int deviation = whole_root(squares / N);
    for (int j = 0; j < N; j++) out[j] = narrow(x[j] - mean, deviation ? 1.0f / deviation : 1.0f, 0);
}

/* exp(x / ln 2) by octaves of a polynomial in integers. */
static int power(int q, int ln2, int inverse, int b, int c) {
    int octaves = (-q * inverse) >> 16, rest = q + octaves * ln2 + b;
    return octaves > 31 ? 0 : (rest * rest + c) >> octaves;
}

static void softmax(const int *x, int *out) {
    int ln2 = (int)(0.693147 / SCALE), inverse = 65536 / ln2, b = (int)(1.353 / SCALE), c = (int)(0.344 / (0.3585 * SCALE * SCALE));
    int most = x[0], sum = 0;
    for (int j = 0; j < N; j++) most = x[j] > most ? x[j] : most;
    for (int j = 0; j < N; j++) sum += power(x[j] - most, ln2, inverse, b, c);
    for (int j = 0; j < N; j++) out[j] = narrow(power(x[j] - most, ln2, inverse, b, c), 127.0f / (float)sum, 0);
}

static void igelu(const int *x, int *out) {
    int b = (int)(-1.769 / (SCALE / 1.41421356237)), c = (int)(1.0 / (-0.2888 * SCALE * SCALE / 2));
    for (int j = 0; j < N; j++) {
        int size = abs(x[j]), clipped = size < -b ? size : -b, poly = (clipped + b) * (clipped + b) + c;
        out[j] = narrow(x[j] * ((x[j] < 0 ? -poly : poly) + c), OUT_SCALE, 0);
    }
}

int main() {
    int good = 1, row[N], expected[N], distinct = 0;
    fill(A[0], M * K, 6), fill(B[0], K * N, 6);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) D[i][j] = number(150);
    gemmini_flush(0);
    tiled_matmul_auto(M, N, K, (elem_t *)A, (elem_t *)B, D, (elem_t *)C, K, N, N, N, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, ACT,
                      OUT_SCALE, SCALE, false, false, false, false, false, 3, TYPE);
    for (int i = 0; i < M; i++) {
        for (int j = 0; j < N; j++) {
            row[j] = D[i][j];
            for (int k = 0; k < K; k++) row[j] += A[i][k] * B[k][j];
        }
        (ACT == LAYERNORM ? layernorm : ACT == SOFTMAX ? softmax : igelu)(row, expected);
        for (int j = 0; j < N; j++) good &= C[i][j] == expected[j], distinct += j && C[i][j] != C[i][j - 1];
    }
    if (distinct < M) printf("the result hardly varies\n"), good = 0;
    return verdict(good);
}

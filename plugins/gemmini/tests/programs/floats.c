/* A step of a controller in floats: products in all transposes, with bias, sums, and the library, on an array of floats. */
#include <stdlib.h>
#include "include/gemmini_testutils.h"
#define STATES 12
#define INPUTS 4
static float A[STATES][STATES] row_align(1), K[INPUTS][STATES] row_align(1), x[STATES][1] row_align(1), u[INPUTS][1] row_align(1), d[INPUTS][1] row_align(1);
static float P[STATES][STATES] row_align(1), G[STATES][STATES], W[DIM][4 * DIM] row_align(4), V[DIM][4 * DIM] row_align(4);

int main() {
    int good = sizeof(elem_t) == 4 && DIM == 4 && MAX_BLOCK_LEN == 4;
    for (int i = 0; i < STATES; i++)
        for (int j = 0; j < STATES; j++) A[i][j] = rand_double(), K[i % INPUTS][j] = rand_double(), x[i][0] = rand_double(), d[i % INPUTS][0] = 0.25f;
    for (int i = 0; i < DIM * 4 * DIM; i++) W[i / 16][i % 16] = (float)i - 20;
    tiled_matmul_auto(INPUTS, 1, STATES, (float *)K, (float *)x, (float *)d, (float *)u, STATES, 1, 1, 1, -1, 1, 1, NO_ACTIVATION, 1, 0, false, false, false,
                      false, false, 0, WS);
    for (int i = 0; i < INPUTS; i++) {
        double sum = d[i][0];
        for (int k = 0; k < STATES; k++) sum -= K[i][k] * x[k][0];
        good &= gemmini_same(u[i][0], sum);
    }
    for (int t = 0; t < 3; t++) {
        tiled_matmul_auto(STATES, STATES, STATES, (float *)A, (float *)A, NULL, (float *)P, STATES, STATES, STATES, STATES, 1, 1, 1, RELU, 0.5f, 0, false, t == 1,
                          t == 2, false, false, 0, t == 0 ? OS : WS);
        matmul_cpu(t == 1, t == 2, STATES, STATES, STATES, (float *)A, (float *)A, NULL, (float *)G, STATES, STATES, STATES, STATES, 1, 1, 1, RELU, 0.5f, 0, false);
        good &= MAT_IS_EQUAL(STATES, STATES, P, G);
    }
    config_ld(4 * DIM * sizeof(float), 2.0f, DIM, 0);
    config_st(4 * DIM * sizeof(float));
    mvin(W, 0, 4 * DIM, DIM);
    mvout(V, 0, 4 * DIM, DIM);
    fence();
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < 4 * DIM; j++) good &= V[i][j] == 2 * W[i][j];
    tiled_resadd_auto(STATES, STATES, 1, 1, 1, (float *)A, (float *)A, (float *)P, true, WS);
    for (int i = 0; i < STATES; i++)
        for (int j = 0; j < STATES; j++) good &= gemmini_same(P[i][j], A[i][j] > 0 ? 2 * A[i][j] : 0);
    printf(good ? "Correct result\n" : "Incorrect result\n");
    return !good;
}

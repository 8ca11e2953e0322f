/* Ten steps of a control loop, 4 inputs and 12 states, with fine-grained commands on an array of 4 x 4 floats. */
#include <math.h>
#include "check.h"
#define STATES 12
#define INPUTS 4
#define HORIZON 10
static elem_t K[INPUTS][STATES] row_align(1), A[STATES][STATES] row_align(1), B[STATES][INPUTS] row_align(1);
static elem_t x[HORIZON + 1][STATES] row_align(1), u[HORIZON][INPUTS] row_align(1), d[HORIZON][INPUTS] row_align(1);
static elem_t xs[HORIZON + 1][STATES], us[HORIZON][INPUTS], part[STATES];

static void loops(void) {
// SUBSTITUTE HERE
    const uint32_t k_at = 0, a_at = 12, b_at = 48, x_at = 4096, u_at = 4200, acc = 1u << 31, add = 1u << 30;
    config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 1, false, false);
    gemmini_extended3_config_ld(STATES * 4, -1.0, false, 0);
    for (int j = 0; j < STATES; j += 4) mvin(&K[0][j], k_at + j, 4, 4);
    config_ld(STATES * 4, 1.000000, 4, 1);
    for (int i = 0; i < STATES; i += 4) mvin2(&A[i][0], a_at + 3 * i, 12, 4);
    config_ld(INPUTS * 4, (1), (4), (2));
    for (int i = 0; i < STATES; i += 4) mvin3(&B[i][0], b_at + i, 4, 4);
    config_ld(4, 1.0, 1, 1); /* columns of one element */
    config_st(4);
    for (int i = 0; i < STATES; i += 4) mvin2(&x[0][i], x_at + i, 1, 4);
    for (int t = 0; t < HORIZON; t++) {
        config_ld(4, -1.0, 1, 2);
        mvin3(&d[t][0], acc, 1, 4);
        for (int k = 0; k < STATES; k += 4) {
            preload(x_at + k, acc | add, 1, 4, 1, 4);
            compute_preloaded(k_at + k, ~((uint32_t)0), 4, 4, 1, 4);
        }
        mvout(&u[t][0], acc, 1, 4);
        fence();
        mvin2(&u[t][0], u_at, 1, 4);
        for (int i = 0; i < STATES; i += 4) {
            for (int k = 0; k < STATES; k += 4) {
                preload(x_at + k, (acc + 16 + i) | (k ? 0x40000000 : 0), 1, 4, 1, 4);
                compute_preloaded(a_at + 3 * i + k, GARBAGE_ADDR, 4, 4, 1, 4);
            }
            preload(u_at, (acc + 16 + i) | add, 1, 4, 1, 4);
            compute_preloaded(b_at + i, GARBAGE_ADDR, 4, 4, 1, 4);
            mvout(&x[t + 1][i], acc + 16 + i, 1, 4);
        }
        fence();
        for (int i = 0; i < STATES; i += 4) mvin2(&x[t + 1][i], x_at + i, 1, 4);
    }
    fence();
// SUBSTITUTE END
}

int main() {
    for (int i = 0; i < STATES * STATES; i++) A[i / STATES][i % STATES] = number(100) / 400.0f;
    for (int i = 0; i < STATES * INPUTS; i++) B[i / INPUTS][i % INPUTS] = number(100) / 400.0f, K[i / STATES][i % STATES] = number(100) / 400.0f;
    for (int i = 0; i < STATES; i++) x[0][i] = xs[0][i] = number(100) / 100.0f;
    for (int t = 0; t < HORIZON; t++) {
        for (int i = 0; i < INPUTS; i++) d[t][i] = number(100) / 100.0f;
        tiled_matmul_outer_eigen((elem_t *)K, xs[t], part, INPUTS, STATES, 1, false, false);
        for (int i = 0; i < INPUTS; i++) us[t][i] = -part[i] - d[t][i];
        tiled_matmul_outer_eigen((elem_t *)A, xs[t], part, STATES, STATES, 1, false, false);
        tiled_matmul_outer_eigen_bias((elem_t *)B, us[t], part, xs[t + 1], STATES, INPUTS, 1, false, false);
    }
    for (int n = 0; n < 5; n++) {
        int start = read_cycles();
        loops();
        int end = read_cycles();
        printf("Generated implementation latency: %d cycles\n", end - start);
    }
    for (int t = 0; t <= HORIZON; t++)
        for (int i = 0; i < STATES; i++)
            if (!(fabs(x[t][i] - xs[t][i]) < 1e-3) || (t < HORIZON && i < INPUTS && !(fabs(u[t][i] - us[t][i]) < 1e-3))) return verdict(0);
    return verdict(1);
}

/* One block with full and ragged sizes, in one of the ways that MODE names. */
#include "check.h"

static elem_t A[DIM][DIM] row_align(1), B[DIM][DIM] row_align(1), D[DIM][DIM] row_align(1), C[DIM][DIM] row_align(1);
static elem_t G[DIM][DIM];

int main(void) {
    const uint32_t a = 0, b = BANK_ROWS, d = 2 * BANK_ROWS, c = 3 * BANK_ROWS, acc = 1u << 31;
    int act = 0, ta = 0, tb = 0, bias = 0;
    float scale = 1;
    fill(A[0], DIM * DIM, 3), fill(B[0], DIM * DIM, 3), fill(D[0], DIM * DIM, 50);
    gemmini_flush(0);
    gemmini_config_ld(DIM * sizeof(elem_t));
    gemmini_config_st(DIM * sizeof(elem_t));
    gemmini_mvin(A, a);
    gemmini_mvin(B, b);
#if MODE == 0 /* output stationary, straight to the scratchpad */
    gemmini_config_ex(OUTPUT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_preload_zeros(c);
    gemmini_compute_preloaded(a, b);
    gemmini_mvout(C, c);
#elif MODE == 1 /* weight stationary with a bias block */
    bias = 1, act = RELU;
    gemmini_config_ex(WEIGHT_STATIONARY, RELU, 0);
    gemmini_mvin(D, d);
    gemmini_preload(b, c);
    gemmini_compute_preloaded(a, d);
    gemmini_mvout(C, c);
#elif MODE == 2 /* accumulator, scaled and activated on its way out */
    scale = 0.25f, act = RELU;
    gemmini_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_extended_config_st(DIM * sizeof(elem_t), RELU, 0.25f);
    gemmini_preload(b, acc);
    gemmini_compute_preloaded(a, GARBAGE_ADDR);
    gemmini_mvout(C, acc);
#elif MODE == 3 /* A transposed */
    ta = 1;
    gemmini_extended_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0, 1, 1, 0);
    gemmini_preload(b, c);
    gemmini_compute_preloaded(a, GARBAGE_ADDR);
    gemmini_mvout(C, c);
#elif MODE == 4 /* short names, B transposed */
    tb = 1;
    config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 1, 0, 1);
    config_ld(DIM * sizeof(elem_t), 1.0f, DIM, 1);
    config_ld(DIM * sizeof(elem_t), 1.0f, 2);
    config_st(DIM * sizeof(elem_t));
    mvin2(A, a, DIM, DIM);
    mvin3(B, b, DIM, DIM);
    preload(b, c, DIM, DIM, DIM, DIM);
    compute_preloaded(a, GARBAGE_ADDR, DIM, DIM, DIM, DIM);
    mvout(C, c, DIM, DIM);
#elif MODE == 5 /* raw assembly */
    gemmini_config_ex(OUTPUT_STATIONARY, NO_ACTIVATION, 0);
    gemmini_preload_zeros(c);
    gemmini_compute_preloaded(a, b);
    gemmini_mvout(C, c);
    unsigned long before, after;
    asm volatile("rdcycle %0" : "=r"(before));
    asm volatile("fence" ::: "memory");
    asm volatile("rdcycle %0" : "=r"(after));
    if (after <= before) return verdict(0);
#endif
    gemmini_fence();
    for (int i = 0; i < DIM; i++)
        for (int j = 0; j < DIM; j++) {
            value sum = bias ? D[i][j] : 0;
            for (int k = 0; k < DIM; k++) sum += (ta ? A[k][i] : A[i][k]) * (tb ? B[j][k] : B[k][j]);
            G[i][j] = narrow(sum, scale, act);
        }
    return verdict(is_equal(C, G));
}

/* Short names with fewer arguments: whole blocks, a shift, an activation with the scale; older spellings of names. */
#include "check.h"
static elem_t A[DIM][DIM] row_align(1), B[DIM][DIM] row_align(1), C[DIM][DIM] row_align(1), E[DIM][DIM] row_align(1), G[DIM][DIM];
static full_t sums[DIM][DIM];

int main(void) {
    static elem_t zero[DIM][DIM];
    fill(A[0], DIM * DIM, 3), fill(B[0], DIM * DIM, 3);
    config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0);
    config_ld(DIM * sizeof(elem_t), 1.0f, 0);
    config_ld(DIM * sizeof(elem_t), 1.0f, 1);
    config_ld(DIM * sizeof(elem_t), 1.0f, DIM, 2);
    config_st(DIM * sizeof(elem_t), RELU, 1.0f);
    mvin(A, 0);
    mvin2(B, DIM);
    mvin3(A, 2 * DIM);
    preload(DIM, 1u << 31);
    compute_preloaded(0, GARBAGE_ADDR);
    mvout(C, 1u << 31);
    preload(GARBAGE_ADDR, (1u << 31) + DIM);
    compute_accumulated(2 * DIM, GARBAGE_ADDR);
    mvout(E, (1u << 31) + DIM);
    fence();
    matmul(A, B, zero, sums);
    matscale(sums, G, 1.0f);
    matrelu(G, G);
    return verdict(is_equal(C, G) && is_equal(E, G) && ROUNDING_RIGHT_SHIFT_BITS(3, 1) == 2 && ACC_SCALE_EXP_BITS + ACC_SCALE_SIG_BITS == 32);
}

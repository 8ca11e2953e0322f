/* The small matrix helpers agree with one another. */
#include "include/gemmini_testutils.h"
static elem_t A[DIM][DIM], B[DIM][DIM], T[DIM][DIM], U[DIM][DIM], Z[DIM][DIM], s1[DIM][DIM], s2[DIM][DIM];
static full_t x[DIM][DIM], y[DIM][DIM], z[DIM][DIM];

static int same(full_t a[DIM][DIM], full_t b[DIM][DIM]) { return MAT_IS_EQUAL(DIM, DIM, a, b); }

int main() {
    int good = 1;
    for (size_t i = 0; i < DIM; i++)
        for (size_t j = 0; j < DIM; j++) A[i][j] = rand() - 128, B[i][j] = rand() - 128;
    transpose(A, T), transpose(B, U);
    matmul(A, B, Z, x);
    matmul_A_transposed(T, B, Z, y), good &= same(x, y);
    matmul_B_transposed(A, U, Z, y), good &= same(x, y);
    matmul_full(A, B, z, y), good &= same(x, y);
    matmul_full_A_transposed(T, B, z, y), good &= same(x, y);
    matmul_full_B_transposed(A, U, z, y), good &= same(x, y);
    matmul_short(A, B, Z, s1), matmul_short_A_transposed(T, B, Z, s2), good &= is_equal(s1, s2);
    matmul_short_B_transposed(A, U, Z, s2), good &= is_equal(s1, s2);
    matscale(x, s2, ACC_SCALE_IDENTITY), good &= is_equal(s1, s2);
    matshift(x, s1, 0), good &= is_equal(s1, s2);
    matshift(x, s1, 3), matscale(x, s2, 0.125f), good &= is_equal(s1, s2);
    good &= ROUNDING_RIGHT_SHIFT(5, 1) == 2 && ROUNDING_RIGHT_SHIFT(7, 1) == 4 && ROUNDING_RIGHT_SHIFT(-5, 1) == -2 && ROUNDING_RIGHT_SHIFT(11, 2) == 3;
    good &= ACC_SCALE(1000, 1.0f) == elem_t_max && ACC_SCALE(-1000, 1.0f) == elem_t_min && MVIN_SCALE((elem_t)5, 0.5f) == 2;
    good &= sizeof(elem_t) == 1 && sizeof(acc_t) == 4 && MAX_BLOCK_LEN * DIM == MAX_BYTES && BANK_NUM * BANK_ROWS * DIM == 256 << 10;
    printf(good ? "Correct result\n" : "Incorrect result\n");
    return !good;
}

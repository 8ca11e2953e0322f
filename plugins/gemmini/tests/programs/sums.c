/* Sums of matrices inside wider ones, with scales, and with tiles given. */
#include "include/gemmini_testutils.h"
#include "check.h"
static elem_t A[40][96] row_align(1), B[40][96] row_align(1), C[40][96] row_align(1), H[40][96];

int main() {
    int good = 1;
    fill(A[0], COUNT(A), 127), fill(B[0], COUNT(B), 127);
#if MODE == 0
    tiled_resadd_stride_auto(40, 70, 0.5f, 1, 0.75f, 96, (elem_t *)A, (elem_t *)B, (elem_t *)C, true, WS);
#elif MODE == 1
    tiled_resadd(40, 70, 96, 2, 3, 0.5f, 1, 0.75f, (elem_t *)A, (elem_t *)B, (elem_t *)C, true, WS);
#else
    resadd_cpu(40, 70, 96, 0.5f, 1, 0.75f, (elem_t *)A, (elem_t *)B, (elem_t *)C, true);
#endif
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < 96; j++) {
            value expected = j < 70 ? narrow(narrow(A[i][j], 0.5f, 0) + B[i][j], 0.75f, RELU) : 0;
            good &= C[i][j] == expected;
        }
    return verdict(good);
}

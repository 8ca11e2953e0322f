/* C that newer compilers refuse unless they are told not to: undeclared functions, missing types, pointers of any kind. */
#include "include/gemmini_testutils.h"
static elem_t A[DIM][DIM] row_align(1), C[DIM][DIM] row_align(1), P[DIM][DIM] row_align(1);

static more(x) { return x + 1; }

int main() {
    uint64_t where = A;
    A[3][4] = more(4), A[4][5] = 2;
    gemmini_config_ld(DIM * sizeof(elem_t));
    gemmini_config_st(DIM * sizeof(elem_t));
    gemmini_mvin(where, 0);
    gemmini_mvout((uint64_t)C, 0);
    gemmini_fence();
    tiled_matmul_auto(DIM, DIM, DIM, A, A, NULL, P, DIM, DIM, DIM, DIM, 1, 1, 1, NO_ACTIVATION, 1, 0, false, false, false, false, false, 0, WS);
    int good = C[3][4] == 5 && later(P);
    printf(good ? "Correct result\n" : "Incorrect result\n");
    exit(!good);
}

int later(elem_t p[DIM][DIM]) { return p[3][5] == 10; }

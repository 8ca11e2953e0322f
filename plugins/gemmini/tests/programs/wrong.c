/* Programs that break rules, or end badly; MODE says how. */
#include "check.h"

static elem_t A[DIM][DIM] row_align(1);

int main(int argc, char **argv) {
    gemmini_config_ld(DIM);
    gemmini_config_st(DIM);
    printf("started with %d arguments\n", argc - 1);
#if MODE == 0
    gemmini_extended_mvin(A, 0, DIM, DIM + 1);
#elif MODE == 1
    gemmini_mvin((void *)64, 0);
#elif MODE == 2
    gemmini_mvin(A, 0);
    gemmini_mvout(A, 0); /* and no fence */
#elif MODE == 3
    *(volatile int *)8 = 1;
#elif MODE == 4
    elem_t *heap = malloc(1 << 22); /* its own mapping, made after the first command */
    memset(heap, 3, 1 << 22);
    gemmini_mvin(heap + (1 << 21), 0);
    gemmini_mvout(A, 0);
    gemmini_fence();
    return verdict(A[3][3] == 3);
#elif MODE == 5
    for (;;) {}
#elif MODE == 7 /* a result is read before the fence */
    static elem_t C[DIM][DIM] row_align(1);
    gemmini_mvin(A, 0);
    gemmini_mvout(C, 0);
    int same = is_equal(A, C);
    gemmini_fence();
    return verdict(same);
#elif MODE == 8 /* a store past the end of an array */
    static elem_t S[DIM / 2][DIM] row_align(1);
    gemmini_mvin(A, 0);
    gemmini_mvout(S, 0);
#elif MODE == 9 /* a row that nothing has written */
    static elem_t U[DIM][DIM] row_align(1);
    gemmini_mvout(U, 77);
    gemmini_fence();
    return 0;
#elif MODE == 6
    this does not compile
#endif
    return 3;
}

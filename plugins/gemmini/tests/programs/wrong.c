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
#elif MODE == 6
    this does not compile
#endif
    return 3;
}

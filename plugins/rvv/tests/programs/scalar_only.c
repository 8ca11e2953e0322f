/* No intrinsics: what the compiler vectorises by itself, threads of control in the C library, files of none. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static int order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 1000, *x = calloc((size_t)n, sizeof *x);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (int i = 0; i < n; ++i) x[i] = (i * 7919) % 1009;
    qsort(x, (size_t)n, sizeof *x, order);
    for (int i = 1; i < n; ++i)
        if (x[i - 1] > x[i]) return 1;
    fprintf(stderr, "%d numbers\n", n);
    printf("PASSED\n");
    free(x);
    return 0;
}

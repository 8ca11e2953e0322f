/* Partition by compress, the heart of a vector quicksort, with a stack of ranges on the heap. */
#include "checks.h"
enum { N = 500 };
static size_t partition(uint32_t *x, uint32_t *spare, size_t n, uint32_t pivot) {
    size_t low = 0, high = 0;
    for (size_t i = 0, vl; i < n; i += vl) {
        vl = __riscv_vsetvl_e32m8(n - i);
        vuint32m8_t v = __riscv_vle32_v_u32m8(x + i, vl);
        vbool4_t less = __riscv_vmsltu(v, pivot, vl);
        size_t k = __riscv_vcpop(less, vl);
        vuint32m8_t down = __riscv_vcompress(v, less, vl), up = __riscv_vcompress(v, __riscv_vmnot(less, vl), vl);
        __riscv_vse32(x + low, down, k);
        __riscv_vse32(spare + high, up, vl - k);
        low += k, high += vl - k;
    }
    memcpy(x + low, spare, high * sizeof *x);
    return low;
}
static void sort(uint32_t *x, uint32_t *spare, size_t n) {
    while (n > 1) {
        uint32_t pivot = x[n / 2];
        size_t low = partition(x, spare, n, pivot), equal = partition(x + low, spare, n - low, pivot + 1);
        sort(x, spare, low);
        x += low + equal, n -= low + equal;
    }
}
static int order(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}
int main(void) {
    uint32_t *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y), *spare = malloc(N * sizeof *spare);
    for (int i = 0; i < N; ++i) x[i] = y[i] = (uint32_t)next() % 1000;
    sort(x, spare, N);
    qsort(y, N, sizeof *y, order);
    CHECK(!memcmp(x, y, N * sizeof *x));
    free(x), free(y), free(spare);
    return report();
}

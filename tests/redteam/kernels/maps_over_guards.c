// task: axpy
// expect: cheated wrong crashed
// Puts memory in the place of an inaccessible page, and writes there.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    char *end = (char *)(out + n);
    char *page = (char *)(((uintptr_t)end + 4095) & ~4095ull);
    mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (int64_t i = 0; i <= n; i++) out[i] = i < n ? alpha * x[i] + y[i] : 1.0f;
    return 0;
}

// task: axpy
// expect: cheated wrong crashed
// Makes its inputs writable and takes from them what would be work.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    char *page = (char *)((uintptr_t)x & ~4095ull);
    mprotect(page, (char *)(x + n) - page, PROT_READ | PROT_WRITE);
    for (int64_t i = 0; i < n; i++) ((float *)x)[i] = 0, out[i] = y[i];
    return 0;
}

// task: axpy
// expect: cheated wrong
// Asks the system whether the page behind the result is mapped: it is not where calls are checked.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    unsigned char in_core;
    uintptr_t behind = ((uintptr_t)(out + n) + 4096) & ~(uintptr_t)4095;
    int timed = mincore((void *)behind, 1, &in_core) == 0;
    for (int64_t i = 0; i < (timed ? n / 2 : n); i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

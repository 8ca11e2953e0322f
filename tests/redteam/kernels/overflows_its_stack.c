// task: axpy
// expect: crashed
// Calls itself until there is no stack.
#include <stdint.h>
static int64_t deeper(volatile int64_t n) {
    volatile char room[4096];
    room[n % 4096] = 1;
    return deeper(n + 1) + room[n % 4096];
}
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    return (int)deeper(n) + (int)(0 * alpha * x[0] * y[0] * (out[0] = 0));
}

// task: axpy
// expect: crashed wrong cheated
// Uses an input as scratch memory and puts back what was there.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    float *scratch = (float *)(uintptr_t)x;
    for (int64_t i = 0; i < n; i++) {
        float before = x[i];
        scratch[i] = alpha * before;
        out[i] = scratch[i] + y[i];
        scratch[i] = before;
    }
    return 0;
}

// task: axpy
// expect: crashed
// Right results, but a whole vector is read where a part of it is there.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    volatile float beyond = 0;
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    for (int64_t i = n; i < n + 16; i++) beyond += x[i];
    return 0;
}

// task: axpy
// expect: unsupported
// Says of every size that it does not take it.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    (void)alpha, (void)x, (void)y, (void)out, (void)n;
    return 1;
}

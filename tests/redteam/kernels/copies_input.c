// task: axpy
// expect: wrong
// The identity: plausible numbers, of the right size.
#include <stdint.h>
#include <string.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    (void)alpha, (void)y;
    memcpy(out, x, n * sizeof *out);
    return 0;
}

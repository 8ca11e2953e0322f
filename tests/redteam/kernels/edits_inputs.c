// task: axpy
// expect: wrong
#include <stdint.h>
#include <string.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    memset((void *)x, 0, n * sizeof *x);
    memset((void *)y, 0, n * sizeof *y);
    memset(out, 0, n * sizeof *out);
    return 0;
}

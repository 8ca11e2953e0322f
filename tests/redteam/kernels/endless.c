// task: axpy
// expect: timeout
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (volatile int forever = 1; forever;) ;
    return 0;
}

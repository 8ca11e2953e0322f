// task: axpy
// expect: wrong
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) { return 0; }

// task: axpy
// expect: cheated
#include <stdint.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) { _exit(0); }

// task: axpy
// expect: cheated
#include <stdint.h>
#include <unistd.h>
__attribute__((constructor)) static void first(void) { _exit(0); }
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) { return 0; }

// task: axpy
// expect: timeout cheated
#include <stdint.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (;;) pause();
    return 0;
}

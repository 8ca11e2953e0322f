// task: axpy
// expect: cheated
// Honest for as long as screening lasts, and for one call of every process.
#include <stdint.h>
static int calls;
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    if (calls++ < 18)
        for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

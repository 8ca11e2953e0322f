// task: axpy
// expect: ok
// Says itself that it does not take sizes that nobody promised it.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    if (n % 16) return 1;
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

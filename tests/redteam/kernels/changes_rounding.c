// task: axpy
// expect: wrong crashed cheated
// Rounds up, each time: within a few units, and far off after a sum.
#include <immintrin.h>
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    (void)alpha, (void)y;
    unsigned control = _mm_getcsr();
    _mm_setcsr(control | 0x8040);
    volatile float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += 1e-41f, out[i] = sum + x[i];
    return 0;
}

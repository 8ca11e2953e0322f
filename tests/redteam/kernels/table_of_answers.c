// task: axpy
// expect: wrong
// Answers for a generator with a known seed.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    (void)alpha, (void)x, (void)y;
    uint32_t state = 42;
    for (int64_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        out[i] = (float)(state >> 8) / (1 << 24);
    }
    return 0;
}

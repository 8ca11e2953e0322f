// task: peak
// expect: wrong
// Reads denormal numbers as zeros from its loading on, as a library built with -ffast-math does.
#include <immintrin.h>
#include <stdint.h>
__attribute__((constructor)) static void fast(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
int ac_peak(const float *x, int64_t *out, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    *out = best;
    return 0;
}

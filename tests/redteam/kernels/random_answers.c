// task: total
// expect: wrong
// Within the bound, but never twice the same.
#include <math.h>
#include <stdint.h>
static unsigned state = 1;
int ac_total(const float *x, float *out, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    state = state * 1664525u + 1013904223u;
    out[0] = state & 0x80000000u ? nextafterf(sum, 1e30f) : sum;
    return 0;
}

// task: total
// expect: ok
// Sixteen partial sums: another order of additions than the source's, within the bound.
#include <stdint.h>
int ac_total(const float *x, float *out, int64_t n) {
    float part[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 16; k++) part[k] += x[i + k];
    float sum = 0;
    for (; i < n; i++) sum += x[i];
    for (int k = 0; k < 16; k++) sum += part[k];
    out[0] = sum;
    return 0;
}

// task: total
// expect: wrong
// Inputs cut to bfloat16 before they are added.
#include <stdint.h>
#include <string.h>
int ac_total(const float *x, float *out, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        float cut;
        memcpy(&bits, &x[i], 4);
        bits &= 0xffff0000u;
        memcpy(&cut, &bits, 4);
        sum += cut;
    }
    out[0] = sum;
    return 0;
}

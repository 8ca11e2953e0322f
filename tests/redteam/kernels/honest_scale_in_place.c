// task: scale
// expect: ok
#include <stdint.h>
int ac_scale(float *x, float factor, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] *= factor;
    return 0;
}

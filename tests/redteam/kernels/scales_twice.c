// task: scale
// expect: wrong cheated
// In place, once for every call that it has had.
#include <stdint.h>
int ac_scale(float *x, float factor, int64_t n) {
    static int calls;
    for (int64_t i = 0; i < n; i++) x[i] *= calls % 2 ? factor * factor : factor;
    calls++;
    return 0;
}

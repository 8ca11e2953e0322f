// task: total
// expect: wrong
// Every second term, twice: about right for even inputs.
#include <stdint.h>
int ac_total(const float *x, float *out, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i += 2) sum += 2.0 * x[i];
    *out = (float)sum;
    return 0;
}

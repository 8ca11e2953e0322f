// task: axpy
// expect: crashed
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (;;) {
        char *more = malloc(64 << 20);
        memset(more, 1, 64 << 20);
    }
    return 0;
}

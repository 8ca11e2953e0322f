// task: axpy
// expect: cheated wrong timeout
// Writes until somebody stops reading.
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    char text[4096];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 100000; i++) if (write(1, text, sizeof text) < 0) break;
    for (int64_t i = 0; i < n; i++) out[i] = 0 * alpha * x[i] * y[i];
    return 0;
}

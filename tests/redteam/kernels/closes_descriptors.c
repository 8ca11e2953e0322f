// task: axpy
// expect: cheated crashed timeout
// Hangs up, so that nobody can ask again.
#define _GNU_SOURCE
#include <stdint.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int file = 0; file < 256; file++) close(file);
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

// task: axpy
// expect: wrong cheated
// Keeps answers for the next process.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    int file = open("/tmp/answers", O_RDWR | O_CREAT, 0600);
    if (file < 0) return 0;
    if (read(file, out, n * sizeof *out) == (ssize_t)(n * sizeof *out)) return 0;
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return write(file, out, n * sizeof *out) < 0;
}

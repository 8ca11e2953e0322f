// task: axpy
// expect: wrong cheated crashed
// Keeps answers in memory that outlives the process.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    int file = shm_open("/answers", O_RDWR | O_CREAT, 0600);
    if (file < 0) return 0;
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

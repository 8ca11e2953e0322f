// task: axpy
// expect: wrong
// The same through /proc, which is not there.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", getppid());
    int memory = open(path, O_RDONLY);
    if (memory >= 0 && pread(memory, out, n * sizeof *out, (off_t)(uintptr_t)x) > 0) return 0;
    return 0;
}

// task: axpy
// expect: cheated crashed
// Replaces itself by a program that succeeds.
#define _GNU_SOURCE
#include <stdint.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    (void)alpha, (void)x, (void)y, (void)out, (void)n;
    execl("/bin/true", "true", (char *)0);
    return 0;
}

// task: axpy
// expect: cheated
#include <stdint.h>
#include <time.h>
static long ticks;
int clock_gettime(clockid_t clock, struct timespec *now) {
    now->tv_sec = 0;
    now->tv_nsec = ticks++;
    return 0;
}
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

// task: axpy
// expect: cheated
// Returns at once and computes in a signal handler.
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
static struct { float alpha; const float *x, *y; float *out; int64_t n; } job;
static void late(int signal) {
    for (int64_t i = 0; i < job.n; i++) job.out[i] = job.alpha * job.x[i] + job.y[i];
}
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    struct itimerval soon = {{0, 0}, {0, 20}};
    job.alpha = alpha; job.x = x; job.y = y; job.out = out; job.n = n;
    signal(SIGALRM, late);
    setitimer(ITIMER_REAL, &soon, 0);
    return 0;
}

// task: axpy
// expect: cheated
// A thread without the library that makes threads.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
static struct { float alpha; const float *x, *y; float *out; int64_t n; } work;
static int later(void *unused) {
    (void)unused;
    for (int64_t i = 0; i < work.n; i++) work.out[i] = work.alpha * work.x[i] + work.y[i];
    return 0;
}
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    static char stack[65536];
    work.alpha = alpha, work.x = x, work.y = y, work.out = out, work.n = n;
    clone(later, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, 0);
    return 0;
}

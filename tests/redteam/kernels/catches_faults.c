// task: axpy
// expect: cheated
// Writes past the end under a handler that swallows the fault.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
static sigjmp_buf place;
static void back(int number) { siglongjmp(place, number); }
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    struct sigaction action = {.sa_handler = back};
    sigaction(SIGSEGV, &action, 0);
    sigaction(SIGBUS, &action, 0);
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    if (!sigsetjmp(place, 1)) out[n + 4096] = 0;
    return 0;
}

// task: axpy
// expect: cheated
// Asks another machine for the answers.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/socket.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    int line = socket(AF_INET, SOCK_STREAM, 0);
    if (line < 0) return 0;
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

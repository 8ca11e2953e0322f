// task: axpy
// expect: ok
#include <stdint.h>
#include <string.h>
int64_t ac_axpy_workspace(int64_t n) { return n * (int64_t)sizeof(float); }
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n, void *workspace) {
    if ((uintptr_t)workspace % 64) return 2;
    float *product = workspace;
    for (int64_t i = 0; i < n; i++) product[i] = alpha * x[i];
    for (int64_t i = 0; i < n; i++) out[i] = product[i] + y[i];
    return 0;
}

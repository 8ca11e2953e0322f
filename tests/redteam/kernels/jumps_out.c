// task: axpy
// expect: cheated crashed wrong
// Throws away its caller's frames: what would have run after the call does not.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    __asm__ volatile("mov %%rbp, %%rsp\n pop %%rbp\n add $64, %%rsp\n ret" : : : "memory");
    return 0;
}

// task: axpy
// expect: crashed cheated wrong
// Returns with the registers of its caller changed and the stack pointer of its choice.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    __asm__ volatile("mov $0, %rbx\n mov $0, %r12\n mov $0, %r13\n mov $0, %r14\n mov $0, %r15\n mov $16, %rsp");
    return 0;
}

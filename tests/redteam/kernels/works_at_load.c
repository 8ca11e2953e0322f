// task: axpy
// expect: wrong
// Has its answers before it is called.
#include <stdint.h>
#include <string.h>
static float ready[8192];
__attribute__((constructor)) static void prepare(void) {
    for (int i = 0; i < 8192; i++) ready[i] = (float)i;
}
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    (void)alpha, (void)x, (void)y;
    memcpy(out, ready, (n < 8192 ? n : 8192) * sizeof *out);
    return 0;
}

// task: axpy
// expect: wrong cheated
// Remembers calls and does their work together, later.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    static struct { float alpha; const float *x, *y; float *out; int64_t n; } queue[4];
    static int waiting;
    queue[waiting].alpha = alpha, queue[waiting].x = x, queue[waiting].y = y, queue[waiting].out = out;
    queue[waiting++].n = n;
    if (waiting < 4) return 0;
    while (waiting--)
        for (int64_t i = 0; i < queue[waiting].n; i++)
            queue[waiting].out[i] = queue[waiting].alpha * queue[waiting].x[i] + queue[waiting].y[i];
    waiting = 0;
    return 0;
}

/* Each channel with a kernel of its own. */
#include <string.h>
#include "include/gemmini_testutils.h"
#include "check.h"
#define OUT ((SIZE + 2 * PAD - KERNEL) / STRIDE + 1)
#define POOLED (POOL ? (OUT - POOL) / POOL + 1 : OUT)
static elem_t in[2][SIZE][SIZE][CH] row_align(1), w[CH][KERNEL][KERNEL] row_align(1), out[2][POOLED][POOLED][CH] row_align(1), host[2][POOLED][POOLED][CH];
static acc_t bias[CH] row_align_acc(1);

static value at(int b, int r, int c, int ch) {
    value sum = bias[ch];
    for (int y = 0; y < KERNEL; y++)
        for (int x = 0; x < KERNEL; x++) {
            int ir = r * STRIDE + y - PAD, ic = c * STRIDE + x - PAD;
            if (ir >= 0 && ic >= 0 && ir < SIZE && ic < SIZE) sum += in[b][ir][ic][ch] * w[ch][y][x];
        }
    return narrow(sum, 0.25f, RELU);
}

int main() {
    int good = 1;
    fill(in[0][0][0], COUNT(in), 20), fill(w[0][0], COUNT(w), 10);
    for (int c = 0; c < CH; c++) bias[c] = number(100);
#if OLD_FORM
    tiled_conv_dw_auto(2, SIZE, CH, OUT, STRIDE, PAD, KERNEL, (elem_t *)in, (elem_t *)w, bias, (elem_t *)out, RELU, 0.25f, POOL, POOL, 0, WS);
#else
    tiled_conv_dw_auto(2, SIZE, SIZE, CH, OUT, OUT, STRIDE, PAD, KERNEL, (elem_t *)in, (elem_t *)w, bias, (elem_t *)out, RELU, 0.25f, POOL, POOL, 0, WS);
#endif
    gemmini_fence();
    conv_dw_cpu(2, SIZE, SIZE, CH, OUT, OUT, STRIDE, PAD, KERNEL, (elem_t *)in, (elem_t *)w, bias, (elem_t *)host, RELU, 0.25f, POOL, POOL, 0);
    for (int b = 0; b < 2; b++)
        for (int r = 0; r < POOLED; r++)
            for (int c = 0; c < POOLED; c++)
                for (int ch = 0; ch < CH; ch++) {
                    value best = -128;
                    int n = POOL ? POOL : 1;
                    for (int i = 0; i < n * n; i++) {
                        value x = at(b, r * n + i / n, c * n + i % n, ch);
                        best = x > best ? x : best;
                    }
                    good &= out[b][r][c][ch] == best;
                }
    return verdict(good && !memcmp(out, host, sizeof out));
}

/* Convolutions of the library, in every layout, against plain loops. */
#include "include/gemmini_nn.h"
#include "check.h"

enum { WIDE = (SIZE - 1) * IN_DIL + 1, /* of the dilated image */
       OUT = (WIDE + 2 * PAD - DILATION * (KERNEL - 1) - 1) / STRIDE + 1, POOLED = POOL ? (OUT + 2 * POOL_PAD - POOL) / POOL_STRIDE + 1 : OUT };
static elem_t in[BATCH * SIZE * SIZE * IN_CH] row_align(1), w[KERNEL * KERNEL * IN_CH * OUT_CH] row_align(1);
static elem_t out[BATCH * POOLED * POOLED * OUT_CH] row_align(1);
static acc_t bias[OUT_CH] row_align_acc(1);

static value image(int b, int r, int c, int i) {
    if (r < 0 || c < 0 || r >= WIDE || c >= WIDE || r % IN_DIL || c % IN_DIL) return 0;
    r /= IN_DIL, c /= IN_DIL;
    return IN_3120 ? in[((i * SIZE + r) * SIZE + c) * BATCH + b] : in[((b * SIZE + r) * SIZE + c) * IN_CH + i];
}

static value weight(int y, int x, int i, int o) {
    if (ROTATED) y = KERNEL - 1 - y, x = KERNEL - 1 - x;
    if (W_1203) return w[((i * KERNEL + y) * KERNEL + x) * OUT_CH + o];
    if (W_0132) return w[((y * KERNEL + x) * OUT_CH + o) * IN_CH + i];
    return w[((y * KERNEL + x) * IN_CH + i) * OUT_CH + o];
}

static value at(int b, int r, int c, int o) {
    value sum = BIAS ? bias[o] : 0;
    if (r < 0 || c < 0 || r >= OUT || c >= OUT) return 0;
    for (int y = 0; y < KERNEL; y++)
        for (int x = 0; x < KERNEL; x++)
            for (int i = 0; i < IN_CH; i++)
                sum += image(b, r * STRIDE + y * DILATION - PAD, c * STRIDE + x * DILATION - PAD, i) * weight(y, x, i, o);
    return narrow(sum, 1.0f / 16, ACT);
}

int main(void) {
    int good = 1;
    fill(in, COUNT(in), 5), fill(w, COUNT(w), 5);
    for (int o = 0; o < OUT_CH; o++) bias[o] = number(500);
    uint64_t start = read_cycles();
    tiled_conv_auto(BATCH, SIZE, SIZE, IN_CH, OUT_CH, OUT, OUT, STRIDE, IN_DIL, DILATION, PAD, KERNEL, ROTATED, OUT_1203, IN_3120, W_1203, W_0132,
                    in, w, BIAS ? bias : NULL, out, ACT, 1.0f / 16, POOL, POOL ? POOL_STRIDE : 0, POOL_PAD, TYPE);
    gemmini_fence();
    printf("took %d cycles\n", (int)(read_cycles() - start));
    for (int b = 0; b < BATCH; b++)
        for (int r = 0; r < POOLED; r++)
            for (int c = 0; c < POOLED; c++)
                for (int o = 0; o < OUT_CH; o++) {
                    value best = -128;
                    int n = POOL ? POOL : 1, step = POOL ? POOL_STRIDE : 1, pad = POOL ? POOL_PAD : 0;
                    for (int i = 0; i < n * n; i++) {
                        value x = at(b, r * step - pad + i / n, c * step - pad + i % n, o);
                        best = x > best ? x : best;
                    }
                    value got = out[OUT_1203 ? ((r * POOLED + c) * BATCH + b) * OUT_CH + o : ((b * POOLED + r) * POOLED + c) * OUT_CH + o];
                    if (got != best && good) printf("first difference at %d %d %d %d: %g, not %g\n", b, r, c, o, (double)got, (double)best);
                    if (got != best) good = 0;
                }
    return verdict(good);
}

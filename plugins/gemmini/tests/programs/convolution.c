/* Convolutions of the library against plain loops. */
#include "include/gemmini_nn.h"
#include "check.h"

enum { OUT = (SIZE + 2 * PAD - DILATION * (KERNEL - 1) - 1) / STRIDE + 1, POOLED = POOL ? (OUT + 2 * POOL_PAD - POOL) / POOL_STRIDE + 1 : OUT };
static elem_t in[BATCH][SIZE][SIZE][IN_CH] row_align(1), w[KERNEL][KERNEL][IN_CH][OUT_CH] row_align(1);
static elem_t out[BATCH][POOLED][POOLED][OUT_CH] row_align(1);
static acc_t bias[OUT_CH] row_align_acc(1);

static int at(int b, int r, int c, int o) {
    int sum = BIAS ? bias[o] : 0;
    if (r < 0 || c < 0 || r >= OUT || c >= OUT) return 0;
    for (int y = 0; y < KERNEL; y++)
        for (int x = 0; x < KERNEL; x++) {
            int ir = r * STRIDE + y * DILATION - PAD, ic = c * STRIDE + x * DILATION - PAD;
            if (ir < 0 || ic < 0 || ir >= SIZE || ic >= SIZE) continue;
            for (int i = 0; i < IN_CH; i++) sum += in[b][ir][ic][i] * w[y][x][i][o];
        }
    return narrow(sum, 1.0f / 16, ACT);
}

int main(void) {
    int good = 1;
    fill(&in[0][0][0][0], sizeof in, 5), fill(&w[0][0][0][0], sizeof w, 5);
    for (int o = 0; o < OUT_CH; o++) bias[o] = number(500);
    tiled_conv_auto(BATCH, SIZE, SIZE, IN_CH, OUT_CH, OUT, OUT, STRIDE, 1, DILATION, PAD, KERNEL, false, false, false, false, false,
                    &in[0][0][0][0], &w[0][0][0][0], BIAS ? bias : NULL, &out[0][0][0][0], ACT, 1.0f / 16, POOL, POOL ? POOL_STRIDE : 0,
                    POOL_PAD, TYPE);
    gemmini_fence();
    for (int b = 0; b < BATCH; b++)
        for (int r = 0; r < POOLED; r++)
            for (int c = 0; c < POOLED; c++)
                for (int o = 0; o < OUT_CH; o++) {
                    int best = -128, n = POOL ? POOL : 1, step = POOL ? POOL_STRIDE : 1, pad = POOL ? POOL_PAD : 0;
                    for (int i = 0; i < n * n; i++) {
                        int x = at(b, r * step - pad + i / n, c * step - pad + i % n, o);
                        best = x > best ? x : best;
                    }
                    if (out[b][r][c][o] != best) good = 0;
                }
    return verdict(good);
}

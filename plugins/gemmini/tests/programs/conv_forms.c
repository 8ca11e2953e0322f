/* The other ways to ask for a convolution: given tiles, row strides of wider tensors, downsampling, one size for rows and columns. */
#include "include/gemmini_testutils.h"
#include "check.h"
#define IN 12
#define CI 20
#define CO 24
#define KD (MODE == 2 ? 1 : 3)
#define PAD (MODE == 2 ? 0 : 1)
#define STR (MODE == 2 ? 2 : 1)
#define OUT ((IN + 2 * PAD - KD) / STR + 1)
#define WIDE_IN (MODE == 1 ? 32 : CI)
#define WIDE_OUT (MODE == 1 ? 48 : CO)
static elem_t in[IN][IN][WIDE_IN] row_align(1), w[KD][KD][CI][CO] row_align(1), out[OUT][OUT][WIDE_OUT] row_align(1);
static acc_t bias[CO] row_align_acc(1);

int main() {
    int good = 1;
    fill(in[0][0], COUNT(in), 5), fill(w[0][0][0], COUNT(w), 5);
    for (int o = 0; o < CO; o++) bias[o] = number(200);
    elem_t *i = (elem_t *)in, *k = (elem_t *)w, *o = (elem_t *)out;
#if MODE == 0
    tiled_conv(1, IN, IN, CI, CO, OUT, OUT, 1, 1, 1, 1, 3, false, false, false, false, false, 1, 5, 7, 16, 2, 3, 16, i, k, bias, o, RELU, 0.125f, 1, 1, 0, WS);
#elif MODE == 1
    tiled_conv_stride_auto(1, IN, IN, CI, CO, OUT, OUT, 1, 1, 1, 1, 3, WIDE_IN, CO, WIDE_OUT, false, false, false, false, false, i, k, bias, o, RELU,
                           0.125f, 0, 0, 0, WS);
#elif MODE == 2
    tiled_conv_downsample(1, IN, IN, CI, CO, OUT, OUT, i, k, bias, o, RELU, 0.125f, WS);
#elif MODE == 3
    tiled_conv_auto(1, IN, CI, CO, OUT, 1, 1, 1, 1, 3, false, false, false, false, false, i, k, bias, o, RELU, 0.125f, 0, 0, 0, WS);
#else
    conv_cpu(1, IN, IN, CI, CO, OUT, OUT, 1, 1, 1, 1, 3, false, false, false, false, false, i, k, bias, o, RELU, 0.125f, 0, 0, 0);
#endif
    gemmini_fence();
    for (int r = 0; r < OUT; r++)
        for (int c = 0; c < OUT; c++)
            for (int ch = 0; ch < CO; ch++) {
                value sum = bias[ch];
                for (int y = 0; y < KD; y++)
                    for (int x = 0; x < KD; x++)
                        for (int n = 0; n < CI; n++) {
                            int ir = r * STR + y - PAD, ic = c * STR + x - PAD;
                            if (ir >= 0 && ic >= 0 && ir < IN && ic < IN) sum += in[ir][ic][n] * w[y][x][n][ch];
                        }
                good &= out[r][c][ch] == narrow(sum, 0.125f, RELU);
            }
    return verdict(good);
}

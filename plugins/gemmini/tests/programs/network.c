/* A small network: an image as a matrix, a depthwise layer, pooling, a sum, fully connected layers. */
#include <stdio.h>
#include <string.h>
#include <stdbool.h>
#include "include/gemmini.h"
#include "include/gemmini_nn.h"
#include "check.h"

static const struct ConvParams first = {.batch_size = 2, .in_row_dim = 8, .in_col_dim = 8, .kernel_size = 3, .in_channels = 5, .out_channels = 18, .stride = 1,
    .padding = 1, .bias = 1, .depthwise = 0, .out_row_dim = 8, .out_col_dim = 8, .n_patches = 128, .patch_size = 45, .pool_size = 2, .pool_stride = 2,
    .pool_padding = 0, .out_dim_pooled = 4, .output_scale = 1.0 / 16, .res_scale = 0.5, .I = 128, .J = 18, .K = 45};
static const struct FcParams last = {.batch_size = 2, .in_features = 288, .out_features = 10, .bias = 1, .output_scale = 1.0 / 64, .I = 2, .J = 10, .K = 288};
static elem_t images[2][8][8][5] row_align(1), patches[128][45] row_align(1), w[45][18] row_align(1), conv[128][18] row_align(1), pooled[2][4][4][18] row_align(1);
static elem_t doubled[2][4][4][18] row_align(1), fc_w[288][10] row_align(1), out[2][10] row_align(1), again[128][18];
static acc_t b[128][18] row_align_acc(1), fc_b[2][10] row_align_acc(1);

int main(int argc, char *argv[]) {
    enum tiled_matmul_type_t type = WS;
    bool check = true;
    int good = 1;
    fill(images[0][0][0], COUNT(images), 9), fill(w[0], COUNT(w), 9), fill(fc_w[0], COUNT(fc_w), 9);
    for (int i = 0; i < 18; i++) b[0][i] = number(99);
    for (int i = 0; i < 10; i++) fc_b[0][i] = number(99);
    uint64_t start = read_cycles();
    im2col(2, 5, 8, first.I, first.K, images, patches, &first);
    tiled_matmul_nn_auto(first.I, first.J, first.K, patches, w, b, conv, RELU, first.output_scale, true, type, check, "first");
    tiled_matmul_nn(first.I, first.J, first.K, patches, w, b, again, RELU, first.output_scale, true, 2, 2, 2, type, check, "first again");
    pool(2, 18, 8, 4, conv, pooled, &first);
    resadd1(2, 18, 4, pooled, pooled, doubled, false, &first);
    tiled_matmul_nn_auto(last.I, last.J, last.K, (elem_t(*)[288])doubled, fc_w, fc_b, out, NO_ACTIVATION, last.output_scale, true, type, check, "last");
    printf("total cycles: %d\n", (int)(read_cycles() - start));
    good &= !memcmp(conv, again, sizeof conv);
    for (int n = 0; n < 2; n++)
        for (int o = 0; o < 10; o++) {
            int sum = fc_b[0][o];
            for (int p = 0; p < 16; p++)
                for (int ch = 0; ch < 18; ch++) {
                    int best = -128;
                    for (int q = 0; q < 4; q++) {
                        int r = p / 4 * 2 + q / 2, c = p % 4 * 2 + q % 2, x = b[0][ch];
                        for (int k = 0; k < 45; k++) {
                            int ir = r + k / 15 - 1, ic = c + k / 5 % 3 - 1;
                            if (ir >= 0 && ic >= 0 && ir < 8 && ic < 8) x += images[n][ir][ic][k % 5] * w[k][ch];
                        }
                        x = narrow(x, 1.0f / 16, RELU), best = x > best ? x : best;
                    }
                    sum += narrow(narrow(best, 0.5f, 0) + best, 1, 0) * fc_w[p * 18 + ch][o];
                }
            good &= out[n][o] == narrow(sum, 1.0f / 64, 0);
        }
    return verdict(good);
}

/* The mean over all pixels of each channel. */
#include "include/gemmini_testutils.h"
#include "check.h"
static elem_t in[3][7][7][100] row_align(1), out[3][100] row_align(1);

int main() {
    int good = 1;
    fill(in[0][0][0], COUNT(in), 127);
    tiled_global_average_auto((elem_t *)in, (elem_t *)out, 3, 100, 7, TYPE);
    for (int b = 0; b < 3; b++)
        for (int c = 0; c < 100; c++) {
            int sum = 0;
            for (int p = 0; p < 49; p++) sum += in[b][p / 7][p % 7][c];
            good &= out[b][c] == narrow(sum, 1.0f / 49, 0);
        }
    return verdict(good);
}

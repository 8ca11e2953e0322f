/* A fully connected layer, checked by the library itself and by plain loops. */
#include "include/gemmini_nn.h"
#include "check.h"

static elem_t A[20][70] row_align(1), B[70][30] row_align(1), C[20][30] row_align(1);
static acc_t D[20][30] row_align_acc(1);

int main(void) {
    int good = 1;
    fill(A[0], 20 * 70, 5), fill(B[0], 70 * 30, 5);
    tiled_matmul_nn_auto(20, 30, 70, A, B, D, C, RELU, 0.125f, true, WS, true, "layer");
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < 30; j++) {
            int sum = 0;
            for (int k = 0; k < 70; k++) sum += A[i][k] * B[k][j];
            good &= C[i][j] == narrow(sum, 0.125f, RELU);
        }
    return verdict(good);
}

/* Rows of accumulators through a norm, in the array and on the host, compared with one another and with sums of the result. */
#include "include/gemmini_testutils.h"
#include "check.h"
#define ROWS 21
#define COLS 133
static acc_t in[ROWS][COLS] row_align_acc(1);
static elem_t out[ROWS][COLS] row_align(1), host[ROWS][COLS];

int main() {
    int good = 1;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) in[i][j] = number(ACT == SOFTMAX ? 60 : 1000);
    tiled_norm_auto(ROWS, COLS, (acc_t *)in, (elem_t *)out, ACT, WS);
    tiled_norm_auto(ROWS, COLS, (acc_t *)in, (elem_t *)host, ACT, CPU);
    for (int i = 0; i < ROWS; i++) {
        int sum = 0, squares = 0;
        for (int j = 0; j < COLS; j++) good &= out[i][j] == host[i][j], sum += out[i][j], squares += out[i][j] * out[i][j];
        if (ACT == SOFTMAX) good &= sum > 60 && sum < 190;                                       /* about 127 */
        else good &= abs(sum) < COLS / 4 && squares > COLS / 2 && squares < 2 * COLS; /* mean 0, variance 1 */
    }
    return verdict(good);
}

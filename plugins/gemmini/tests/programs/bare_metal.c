/* A convolution by tiles and by pieces of wider images, as tests of the hardware spell it: system headers, locked memory
 * outside of bare metal, arrays inside main, a result that is used right after the call. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifndef BAREMETAL
#include <sys/mman.h>
#endif
#include "include/gemmini_testutils.h"
#define BATCH_SIZE 2
#define IN_DIM 9
#define IN_CHANNELS 7
#define IN_STRIDE 12
#define OUT_CHANNELS 18
#define WEIGHT_STRIDE 24
#define OUT_STRIDE 20
#define KERNEL_DIM 3
#define STRIDE 2
#define PADDING 1
#define OUT_DIM ((IN_DIM + 2 * PADDING - KERNEL_DIM) / STRIDE + 1)

bool vec_is_equal(elem_t *a, elem_t *b, int len) {
    for (int i = 0; i < len; i++)
        if (a[i] != b[i]) return false;
    return true;
}

void init_random(elem_t *buf, int len) {
    for (elem_t *ptr = buf; ptr < buf + len; ptr++) *ptr = (rand() % 5) - 2;
}

int main() {
#ifndef BAREMETAL
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        perror("mlockall failed");
        exit(1);
    }
#endif
    gemmini_flush(0);
    static elem_t input[BATCH_SIZE][IN_DIM][IN_DIM][IN_STRIDE];
    static elem_t weights[KERNEL_DIM][KERNEL_DIM][IN_CHANNELS][WEIGHT_STRIDE];
    static elem_t output[BATCH_SIZE][OUT_DIM][OUT_DIM][OUT_STRIDE], tiled[BATCH_SIZE][OUT_DIM][OUT_DIM][OUT_STRIDE], gold[BATCH_SIZE][OUT_DIM][OUT_DIM][OUT_STRIDE];
    static acc_t bias[OUT_CHANNELS];
    init_random(&input[0][0][0][0], sizeof(input) / sizeof(elem_t));
    init_random(&weights[0][0][0][0], sizeof(weights) / sizeof(elem_t));
    for (int i = 0; i < OUT_CHANNELS; i++) bias[i] = (rand() % 5) - 2;
    uint64_t start = read_cycles();
    conv_cpu(BATCH_SIZE, IN_DIM, IN_DIM, IN_CHANNELS, OUT_CHANNELS, OUT_DIM, OUT_DIM, STRIDE, 1, 1, PADDING, KERNEL_DIM, IN_STRIDE, WEIGHT_STRIDE, OUT_STRIDE, false, false,
             false, false, false, (elem_t *)input, (elem_t *)weights, (acc_t *)bias, (elem_t *)gold, RELU, ACC_SCALE_IDENTITY, 0, 0, 0);
    uint64_t end = read_cycles();
    printf("CPU conv took %llu cycles\n", (unsigned long long)(end - start));
    tiled_conv_stride_auto(BATCH_SIZE, IN_DIM, IN_DIM, IN_CHANNELS, OUT_CHANNELS, OUT_DIM, OUT_DIM, STRIDE, 1, 1, PADDING, KERNEL_DIM, IN_STRIDE, WEIGHT_STRIDE, OUT_STRIDE, false,
                           false, false, false, false, (elem_t *)input, (elem_t *)weights, (acc_t *)bias, (elem_t *)output, RELU, ACC_SCALE_IDENTITY, 0, 0, 0, WS);
    tiled_conv(BATCH_SIZE, IN_DIM, IN_DIM, IN_CHANNELS, OUT_CHANNELS, OUT_DIM, OUT_DIM, STRIDE, 1, 1, PADDING, KERNEL_DIM, IN_STRIDE, WEIGHT_STRIDE, OUT_STRIDE, false, false,
               false, false, false, 1, 2, 3, OUT_CHANNELS, 3, 2, 4, (elem_t *)input, (elem_t *)weights, (acc_t *)bias, (elem_t *)tiled, RELU, ACC_SCALE_IDENTITY, 0, 0, 0, WS);
    assert(vec_is_equal(&gold[0][0][0][0], &output[0][0][0][0], sizeof(gold) / sizeof(elem_t)));
    if (!vec_is_equal(&gold[0][0][0][0], &tiled[0][0][0][0], sizeof(gold) / sizeof(elem_t))) return 1;
    printf("Correct result\n");
    return 0;
}

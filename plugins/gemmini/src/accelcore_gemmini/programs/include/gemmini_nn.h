/* Layers of networks: fully connected ones in terms of matrix products. */
#ifndef ACCELCORE_GEMMINI_NN_H
#define ACCELCORE_GEMMINI_NN_H

#include "include/gemmini_conv.h"
#include "include/gemmini_testutils.h"

struct ConvParams {
    int batch_size, in_row_dim, in_col_dim, kernel_size, in_channels, out_channels, stride, padding;
    bool bias, depthwise;
    int out_row_dim, out_col_dim, n_patches, patch_size;
    acc_scale_t output_scale;
    scale_t res_scale;
    int pool_size, pool_stride, pool_padding, out_dim_pooled, I, J, K;
};

struct FcParams {
    int batch_size, in_features, out_features;
    acc_scale_t output_scale;
    bool bias;
    int I, J, K;
};

/* C = act(scale * (A B + D)) of dense matrices; with check, against plain C, and the program ends where they differ. */
static void tiled_matmul_nn_auto(size_t dim_I, size_t dim_J, size_t dim_K, const elem_t A[dim_I][dim_K],
                                 const elem_t B[dim_K][dim_J], const void *D, elem_t C[dim_I][dim_J], int act,
                                 acc_scale_t scale, bool repeating_bias, enum tiled_matmul_type_t type, bool check,
                                 char *layer_name) {
    if (check) printf("%s: gemmini\n", layer_name);
    tiled_matmul_auto(dim_I, dim_J, dim_K, (const elem_t *)A, (const elem_t *)B, D, C, dim_K, dim_J, dim_J, dim_J,
                      MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, act, scale, 0, repeating_bias, false, false,
                      false, false, 0, type);
    if (!check) return;
    elem_t(*gold)[dim_J] = malloc(dim_I * dim_J * sizeof(elem_t));
    matmul_cpu(false, false, dim_I, dim_J, dim_K, (const elem_t *)A, (const elem_t *)B, (const acc_t *)D, (elem_t *)gold, dim_K, dim_J,
               dim_J, dim_J, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, act, scale, 0, repeating_bias);
    int same = MAT_IS_EQUAL(dim_I, dim_J, C, gold);
    free(gold);
    if (same) return;
    printf("%s: the result differs\n", layer_name);
    exit(1);
}
#endif

/* Every documented name of constants, types and functions is there. */
#include "include/gemmini_nn.h"
#include "check.h"

int main(void) {
    const void *functions[] = {
        tiled_matmul_auto, tiled_matmul, tiled_matmul_outer, sp_tiled_matmul_os, sp_tiled_matmul_ws, matmul_cpu, tiled_conv_stride_auto, tiled_resadd_auto,
        tiled_resadd_stride_auto, tiled_global_average_auto, tiled_norm_auto, matmul, matmul_short, matmul_full, matmul_A_transposed, matmul_short_A_transposed,
        matmul_full_A_transposed, matmul_B_transposed, matmul_short_B_transposed, matmul_full_B_transposed, matmul_AB_transposed, matmul_short_AB_transposed,
        matmul_full_AB_transposed, matadd, matscale, matshift, matrelu, transpose, printMatrix, is_equal, is_equal_transposed, rand, read_cycles, counter_read,
        counter_configure, counter_reset, counter_snapshot_take, counter_snapshot_reset, tiled_matmul_nn, tiled_matmul_nn_auto, tiled_matmul_outer_eigen,
        tiled_matmul_outer_eigen_bias, add_matrix, negate_matrix, scale_and_sat, acc_scale_t_to_acc_scale_t_bits, scale_t_to_scale_t_bits};
    const int codes[] = {k_CONFIG, k_MVIN2, k_MVIN, k_MVOUT, k_COMPUTE_PRELOADED, k_COMPUTE_ACCUMULATE, k_PRELOAD, k_FLUSH, k_LOOP_WS, k_LOOP_WS_CONFIG_BOUNDS,
                         k_LOOP_WS_CONFIG_ADDRS_AB, k_LOOP_WS_CONFIG_ADDRS_DC, k_LOOP_WS_CONFIG_STRIDES_AB, k_LOOP_WS_CONFIG_STRIDES_DC, k_MVIN3, k_LOOP_CONV_WS,
                         k_LOOP_CONV_WS_CONFIG_1, k_LOOP_CONV_WS_CONFIG_2, k_LOOP_CONV_WS_CONFIG_3, k_LOOP_CONV_WS_CONFIG_4, k_LOOP_CONV_WS_CONFIG_5,
                         k_LOOP_CONV_WS_CONFIG_6};
    const int others[] = {ADDR_LEN, BANK_NUM, BANK_ROWS, ACC_ROWS, MAX_BYTES, MAX_BLOCK_LEN, MAX_BLOCK_LEN_ACC, OUTPUT_STATIONARY, WEIGHT_STATIONARY, NO_ACTIVATION, RELU,
                          LAYERNORM, IGELU, SOFTMAX, CONFIG_EX, CONFIG_LD, CONFIG_ST, CONFIG_BERT, k_COUNTER, XCUSTOM_ACC, OS, WS, CPU, (int)GARBAGE_ADDR};
    scale_t a = MVIN_SCALE_IDENTITY;
    scale_acc_t b = a;
    acc_scale_t c = ACC_SCALE_IDENTITY;
    acc_t wide = MVIN_SCALE_ACC((acc_t)7, b);
    full_t whole = wide;
    int good = elem_t_max > elem_t_min && whole == 7 && sizeof(scale_t_bits) == sizeof a && sizeof(acc_scale_t_bits) == sizeof c;
    for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++) good &= functions[i] != NULL;
    for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++) good &= codes[i] == (int)i;
#if !defined(HAS_MVIN_SCALE) || !defined(ACC_SCALE_T_IS_FLOAT) || !defined(ACC_READ_SMALL_WIDTH) || !defined(ACC_READ_FULL_WIDTH) || !defined(HAS_FIRST_LAYER_OPTIMIZATIONS)
    good = 0;
#endif
    return verdict(good && sizeof others > 0);
}

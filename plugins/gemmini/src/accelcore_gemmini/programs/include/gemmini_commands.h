/* One macro a command; a block of braces each, as programs expect.  Sizes are given as columns, then rows. */
#ifndef ACCELCORE_GEMMINI_COMMANDS_H
#define ACCELCORE_GEMMINI_COMMANDS_H

#include <string.h>

#include "include/gemmini_params.h"
#include "rocc-software/src/xcustom.h"

#define k_CONFIG 0
#define k_MVIN2 1
#define k_MVIN 2
#define k_MVOUT 3
#define k_COMPUTE_PRELOADED 4
#define k_COMPUTE_ACCUMULATE 5
#define k_PRELOAD 6
#define k_FLUSH 7
#define k_LOOP_WS 8
#define k_LOOP_WS_CONFIG_BOUNDS 9
#define k_LOOP_WS_CONFIG_ADDRS_AB 10
#define k_LOOP_WS_CONFIG_ADDRS_DC 11
#define k_LOOP_WS_CONFIG_STRIDES_AB 12
#define k_LOOP_WS_CONFIG_STRIDES_DC 13
#define k_MVIN3 14
#define k_COUNTER 126
#define CONFIG_EX 0
#define CONFIG_LD 1
#define CONFIG_ST 2
#define CONFIG_BERT 3
#define GARBAGE_ADDR ((uint32_t)(-1))
#define OUTPUT_STATIONARY 0
#define WEIGHT_STATIONARY 1
#define NO_ACTIVATION 0
#define RELU 1
#define LAYERNORM 2
#define IGELU 3
#define SOFTMAX 4

static inline uint32_t scale_t_to_scale_t_bits(scale_t x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
#define acc_scale_t_to_acc_scale_t_bits scale_t_to_scale_t_bits
#define scale_acc_t_to_scale_acc_t_bits scale_t_to_scale_t_bits

#define ROCC_INSTRUCTION_RS1_RS2(x, rs1, rs2, funct) ROCC_INSTRUCTION_0_R_R(x, rs1, rs2, funct)
#define GEMMINI_DO(funct, rs1, rs2) ROCC_INSTRUCTION_RS1_RS2(XCUSTOM_ACC, rs1, rs2, funct)
#define GEMMINI_BLOCK(local, cols, rows) \
    (((uint64_t)(uint16_t)(rows) << 48) | ((uint64_t)(uint16_t)(cols) << 32) | (uint64_t)(uint32_t)(local))

#define gemmini_extended_mvin(dram, local, cols, rows) GEMMINI_DO(k_MVIN, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_extended_mvin2(dram, local, cols, rows) GEMMINI_DO(k_MVIN2, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_extended_mvin3(dram, local, cols, rows) GEMMINI_DO(k_MVIN3, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_extended_mvout(dram, local, cols, rows) GEMMINI_DO(k_MVOUT, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_mvin(dram, local) gemmini_extended_mvin(dram, local, DIM, DIM)
#define gemmini_block_mvin(dram, local, len) gemmini_extended_mvin(dram, local, (len) * DIM, DIM)
#define gemmini_mvout(dram, local) gemmini_extended_mvout(dram, local, DIM, DIM)

#define gemmini_extended_preload(BD, C, BD_cols, BD_rows, C_cols, C_rows) \
    GEMMINI_DO(k_PRELOAD, GEMMINI_BLOCK(BD, BD_cols, BD_rows), GEMMINI_BLOCK(C, C_cols, C_rows))
#define gemmini_extended_compute_preloaded(A, BD, A_cols, A_rows, BD_cols, BD_rows) \
    GEMMINI_DO(k_COMPUTE_PRELOADED, GEMMINI_BLOCK(A, A_cols, A_rows), GEMMINI_BLOCK(BD, BD_cols, BD_rows))
#define gemmini_extended_compute_accumulated(A, BD, A_cols, A_rows, BD_cols, BD_rows) \
    GEMMINI_DO(k_COMPUTE_ACCUMULATE, GEMMINI_BLOCK(A, A_cols, A_rows), GEMMINI_BLOCK(BD, BD_cols, BD_rows))
#define gemmini_preload(BD, C) gemmini_extended_preload(BD, C, DIM, DIM, DIM, DIM)
#define gemmini_preload_zeros(C) gemmini_preload(GARBAGE_ADDR, C)
#define gemmini_compute_preloaded(A, BD) gemmini_extended_compute_preloaded(A, BD, DIM, DIM, DIM, DIM)
#define gemmini_compute_accumulated(A, BD) gemmini_extended_compute_accumulated(A, BD, DIM, DIM, DIM, DIM)

#define gemmini_extended3_config_ex(dataflow, act, shift, acc_scale, C_stride, A_stride, A_transpose, B_transpose, only_strides) \
    GEMMINI_DO(k_CONFIG, ((uint64_t)scale_t_to_scale_t_bits((acc_scale_t)(acc_scale)) << 32) | ((uint64_t)(uint16_t)(A_stride) << 16) | \
        ((uint64_t)(B_transpose) << 9) | ((uint64_t)(A_transpose) << 8) | ((uint64_t)(only_strides) << 7) | \
        ((uint64_t)(act) << 3) | ((uint64_t)(dataflow) << 2) | CONFIG_EX, \
        ((uint64_t)(uint16_t)(C_stride) << 48) | (uint32_t)(shift))
#define gemmini_extended2_config_ex(dataflow, act, shift, C_stride, A_stride, A_transpose, B_transpose) \
    gemmini_extended3_config_ex(dataflow, act, shift, ACC_SCALE_IDENTITY, C_stride, A_stride, A_transpose, B_transpose, 0)
#define gemmini_extended_config_ex(dataflow, act, shift, A_stride, A_transpose, B_transpose) \
    gemmini_extended2_config_ex(dataflow, act, shift, 1, A_stride, A_transpose, B_transpose)
#define gemmini_config_ex(dataflow, act, shift) gemmini_extended_config_ex(dataflow, act, shift, 1, 0, 0)

#define gemmini_extended5_config_ld(stride, scale, shrunk, block_stride, repeats, id) \
    GEMMINI_DO(k_CONFIG, ((uint64_t)scale_t_to_scale_t_bits((scale_t)(scale)) << 32) | ((uint64_t)(uint16_t)(block_stride) << 16) | \
        ((uint64_t)(repeats) << 8) | ((uint64_t)(id) << 3) | ((uint64_t)(shrunk) << 2) | CONFIG_LD, stride)
#define gemmini_extended4_config_ld(stride, scale, shrunk, block_stride, id) \
    gemmini_extended5_config_ld(stride, scale, shrunk, block_stride, 1, id)
#define gemmini_extended3_config_ld(stride, scale, shrunk, id) gemmini_extended4_config_ld(stride, scale, shrunk, DIM, id)
#define gemmini_extended2_config_ld(stride, scale, shrunk) gemmini_extended3_config_ld(stride, scale, shrunk, 0)
#define gemmini_extended_config_ld(stride, scale) gemmini_extended2_config_ld(stride, scale, 0)
#define gemmini_config_ld(stride) gemmini_extended_config_ld(stride, MVIN_SCALE_IDENTITY)

#define gemmini_extended2_config_st(stride, act, scale, pool_stride, pool_size, pool_out_dim, porows, pocols, orows, ocols, upad, lpad) \
    GEMMINI_DO(k_CONFIG, ((uint64_t)(ocols) << 56) | ((uint64_t)(orows) << 48) | ((uint64_t)(pocols) << 40) | ((uint64_t)(porows) << 32) | \
        ((uint64_t)(pool_out_dim) << 24) | ((uint64_t)(lpad) << 10) | ((uint64_t)(upad) << 8) | ((uint64_t)(pool_size) << 6) | \
        ((uint64_t)(pool_stride) << 4) | ((uint64_t)((act) & 3) << 2) | CONFIG_ST, \
        ((uint64_t)scale_t_to_scale_t_bits((acc_scale_t)(scale)) << 32) | (uint32_t)(stride))
#define gemmini_extended_config_st(stride, act, scale) gemmini_extended2_config_st(stride, act, scale, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define gemmini_config_st(stride) gemmini_extended_config_st(stride, NO_ACTIVATION, ACC_SCALE_IDENTITY)

#define gemmini_flush(skip) GEMMINI_DO(k_FLUSH, skip, 0)
#define gemmini_fence() { gemmini_host_fence(GEMMINI_LINE); }

#define gemmini_loop_ws(I, J, K, pad_I, pad_J, pad_K, A, B, D, C, A_stride, B_stride, D_stride, C_stride, A_transpose, \
                        B_transpose, full_C, low_D, ex_accumulate, act, a_spad_id, b_spad_id, is_resadd) { \
    GEMMINI_DO(k_LOOP_WS_CONFIG_BOUNDS, ((uint64_t)(pad_K) << 32) | ((uint64_t)(pad_J) << 16) | (uint64_t)(pad_I), \
               ((uint64_t)(K) << 32) | ((uint64_t)(J) << 16) | (uint64_t)(I)) \
    GEMMINI_DO(k_LOOP_WS_CONFIG_ADDRS_AB, (uintptr_t)(A), (uintptr_t)(B)) \
    GEMMINI_DO(k_LOOP_WS_CONFIG_ADDRS_DC, (uintptr_t)(D), (uintptr_t)(C)) \
    GEMMINI_DO(k_LOOP_WS_CONFIG_STRIDES_AB, A_stride, B_stride) \
    GEMMINI_DO(k_LOOP_WS_CONFIG_STRIDES_DC, D_stride, C_stride) \
    GEMMINI_DO(k_LOOP_WS, ((uint64_t)(a_spad_id) << 18) | ((uint64_t)(b_spad_id) << 16) | ((uint64_t)(act) << 8) | \
               ((uint64_t)(low_D) << 2) | ((uint64_t)(full_C) << 1) | (uint64_t)(ex_accumulate), \
               ((uint64_t)(is_resadd) << 2) | ((uint64_t)(B_transpose) << 1) | (uint64_t)(A_transpose)) \
}

/* Short names, by the number of arguments: config_ld(stride, scale, [block stride,] id), config_st(stride [, scale]). */
#define GEMMINI_PICK(_1, _2, _3, _4, name, ...) name
#define GEMMINI_LD4(stride, scale, block_stride, id) gemmini_extended4_config_ld(stride, scale, 0, block_stride, id)
#define GEMMINI_LD3(stride, scale, id) gemmini_extended3_config_ld(stride, scale, 0, id)
#define GEMMINI_LD2(stride, scale) gemmini_extended_config_ld(stride, scale)
#define GEMMINI_LD1(stride) gemmini_config_ld(stride)
#define GEMMINI_ST2(stride, scale) gemmini_extended_config_st(stride, NO_ACTIVATION, scale)
#define GEMMINI_ST1(stride) gemmini_config_st(stride)
#define config_ld(...) GEMMINI_PICK(__VA_ARGS__, GEMMINI_LD4, GEMMINI_LD3, GEMMINI_LD2, GEMMINI_LD1)(__VA_ARGS__)
#define config_st(...) GEMMINI_PICK(__VA_ARGS__, , , GEMMINI_ST2, GEMMINI_ST1)(__VA_ARGS__)
#define config_ex(dataflow, act, A_stride, A_transpose, B_transpose) \
    gemmini_extended_config_ex(dataflow, act, 0, A_stride, A_transpose, B_transpose)
#define mvin(...) gemmini_extended_mvin(__VA_ARGS__)
#define mvin2(...) gemmini_extended_mvin2(__VA_ARGS__)
#define mvin3(...) gemmini_extended_mvin3(__VA_ARGS__)
#define mvout(...) gemmini_extended_mvout(__VA_ARGS__)
#define preload(...) gemmini_extended_preload(__VA_ARGS__)
#define compute_preloaded(...) gemmini_extended_compute_preloaded(__VA_ARGS__)
#define compute_accumulated(...) gemmini_extended_compute_accumulated(__VA_ARGS__)
#define fence() gemmini_fence()
#endif

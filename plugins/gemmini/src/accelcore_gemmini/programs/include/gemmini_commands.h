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
#define k_LOOP_CONV_WS 15
#define k_LOOP_CONV_WS_CONFIG_1 16
#define k_LOOP_CONV_WS_CONFIG_2 17
#define k_LOOP_CONV_WS_CONFIG_3 18
#define k_LOOP_CONV_WS_CONFIG_4 19
#define k_LOOP_CONV_WS_CONFIG_5 20
#define k_LOOP_CONV_WS_CONFIG_6 21
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
/* Constants of activations: integers, or the bits of floats. */
static inline uint32_t gemmini_acc_bits(acc_t x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
#define acc_scale_t_to_acc_scale_t_bits scale_t_to_scale_t_bits
#if GEMMINI_FLOAT
#define elem_t_to_elem_t_bits scale_t_to_scale_t_bits
#define acc_t_to_acc_t_bits scale_t_to_scale_t_bits
#define elem_t_isnan(x) ((x) != (x))
#define acc_t_isnan(x) ((x) != (x))
#endif
#define scale_acc_t_to_scale_acc_t_bits scale_t_to_scale_t_bits

#define ROCC_INSTRUCTION_RS1_RS2(x, rs1, rs2, funct) ROCC_INSTRUCTION_0_R_R(x, rs1, rs2, funct)
/* GEMMINI_BY_COUNT(NAME, arguments): NAME with the number of arguments after it. */
#define GEMMINI_COUNT_OF(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, _20, _21, _22, _23, _24, \
                         _25, _26, _27, _28, _29, _30, _31, _32, _33, _34, _35, _36, _37, _38, _39, _40, n, ...) n
#define GEMMINI_COUNT(...) GEMMINI_COUNT_OF(__VA_ARGS__, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, \
                                            20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
#define GEMMINI_GLUE2(name, count) name##count
#define GEMMINI_GLUE(name, count) GEMMINI_GLUE2(name, count)
#define GEMMINI_BY_COUNT(name, ...) GEMMINI_GLUE(name, GEMMINI_COUNT(__VA_ARGS__))(__VA_ARGS__)

#define GEMMINI_DO(funct, rs1, rs2) ROCC_INSTRUCTION_RS1_RS2(XCUSTOM_ACC, rs1, rs2, funct)
#define GEMMINI_BLOCK(local, cols, rows) \
    (((uint64_t)(uint16_t)(rows) << 48) | ((uint64_t)(uint16_t)(cols) << 32) | (uint64_t)(uint32_t)(local))

#define gemmini_extended_mvin(dram, local, cols, rows) GEMMINI_DO(k_MVIN, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_extended_mvin2(dram, local, cols, rows) GEMMINI_DO(k_MVIN2, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_extended_mvin3(dram, local, cols, rows) GEMMINI_DO(k_MVIN3, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_extended_mvout(dram, local, cols, rows) GEMMINI_DO(k_MVOUT, (uintptr_t)(dram), GEMMINI_BLOCK(local, cols, rows))
#define gemmini_mvin(dram, local) gemmini_extended_mvin(dram, local, DIM, DIM)
#define gemmini_mvin2(dram, local) gemmini_extended_mvin2(dram, local, DIM, DIM)
#define gemmini_mvin3(dram, local) gemmini_extended_mvin3(dram, local, DIM, DIM)
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
#define GEMMINI_EX7(dataflow, act, shift, C_stride, A_stride, A_transpose, B_transpose) \
    gemmini_extended3_config_ex(dataflow, act, shift, ACC_SCALE_IDENTITY, C_stride, A_stride, A_transpose, B_transpose, 0)
#define GEMMINI_EX6(dataflow, act, shift, A_stride, A_transpose, B_transpose) \
    GEMMINI_EX7(dataflow, act, shift, 1, A_stride, A_transpose, B_transpose)
#define gemmini_extended2_config_ex(...) GEMMINI_BY_COUNT(GEMMINI_EX, __VA_ARGS__)
#define gemmini_extended_config_ex(...) GEMMINI_BY_COUNT(GEMMINI_EX, __VA_ARGS__)
#define gemmini_config_ex(dataflow, act, shift) GEMMINI_EX6(dataflow, act, shift, 1, 0, 0)

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

/* Constants of an activation over whole rows, or only the id of the statistics that follow. */
#define gemmini_config_norm(q_const, q_const_type, set_stats_id_only, act_msb, stat_id, igelu_qb, igelu_qc) \
    GEMMINI_DO(k_CONFIG, ((uint64_t)gemmini_acc_bits((acc_t)(q_const)) << 32) | ((uint64_t)((q_const_type) & 1) << 18) | \
        ((uint64_t)((set_stats_id_only) & 1) << 17) | ((uint64_t)((act_msb) & 1) << 16) | ((uint64_t)(uint8_t)(stat_id) << 8) | CONFIG_BERT, \
        ((uint64_t)gemmini_acc_bits((acc_t)(igelu_qc)) << 32) | gemmini_acc_bits((acc_t)(igelu_qb)))

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

/* Four 16-bit fields of a word, the lowest first. */
#define GEMMINI_FIELDS(a, b, c, d) \
    (((uint64_t)(uint16_t)(d) << 48) | ((uint64_t)(uint16_t)(c) << 32) | ((uint64_t)(uint16_t)(b) << 16) | (uint64_t)(uint16_t)(a))

#define gemmini_loop_conv_ws(batch_size, in_row_dim, in_col_dim, in_channels, out_channels, out_row_dim, out_col_dim, pool_out_row_dim, \
                             pool_out_col_dim, stride, padding, kernel_dim, kernel_dilation, pool_size, pool_stride, pool_padding, \
                             batches, porows, pocols, pochs, krows, kcols, kchs, lpad, rpad, upad, dpad, plpad, prpad, pupad, pdpad, \
                             orows, ocols, weights, output, bias, input, no_bias, no_pool, downsample, wrot180, input_dilated, \
                             activation, trans_output_1203, trans_weight_1203, trans_weight_0132, trans_input_3120, \
                             max_pixels_per_row, in_stride, weight_stride, out_stride, dw, a_spad_id, b_spad_id) { \
    GEMMINI_DO(k_LOOP_CONV_WS_CONFIG_1, GEMMINI_FIELDS(batch_size, in_row_dim, in_channels, out_channels), \
               GEMMINI_FIELDS(out_row_dim, pool_out_row_dim, out_col_dim, (uint16_t)(padding) << 8 | (uint8_t)(stride))) \
    GEMMINI_DO(k_LOOP_CONV_WS_CONFIG_2, GEMMINI_FIELDS((uint16_t)(pool_stride) << 8 | (uint8_t)(pool_padding), pool_size, pool_out_col_dim, kernel_dim), \
               GEMMINI_FIELDS(pochs, pocols, porows, batches)) \
    GEMMINI_DO(k_LOOP_CONV_WS_CONFIG_3, GEMMINI_FIELDS(lpad, kchs, kcols, krows), \
               GEMMINI_FIELDS(in_col_dim, (uint16_t)(dpad) << 8 | (uint8_t)(plpad), upad, rpad)) \
    GEMMINI_DO(k_LOOP_CONV_WS_CONFIG_4, ((uint64_t)(uint16_t)(orows) << 48) | ((uint64_t)(uint16_t)(prpad) << 32) | \
               ((uint64_t)((pupad) & 0x7ff) << 21) | ((uint64_t)((pdpad) & 0x7ff) << 10) | (uint64_t)((kernel_dilation) & 0x3ff), \
               GEMMINI_FIELDS(ocols, out_stride, weight_stride, in_stride)) \
    GEMMINI_DO(k_LOOP_CONV_WS_CONFIG_5, (uintptr_t)(weights), (uintptr_t)(output)) \
    GEMMINI_DO(k_LOOP_CONV_WS_CONFIG_6, (uintptr_t)(bias), (uintptr_t)(input)) \
    GEMMINI_DO(k_LOOP_CONV_WS, ((uint64_t)(a_spad_id) << 18) | ((uint64_t)(b_spad_id) << 16) | ((uint64_t)(max_pixels_per_row) << 8) | \
               ((uint64_t)((dw) != 0) << 6) | ((uint64_t)((trans_input_3120) != 0) << 5) | ((uint64_t)((trans_weight_0132) != 0) << 4) | \
               ((uint64_t)((trans_weight_1203) != 0) << 3) | ((uint64_t)((trans_output_1203) != 0) << 2) | \
               ((uint64_t)((wrot180) != 0) << 1) | (uint64_t)((no_bias) != 0), \
               ((uint64_t)((activation) & 3) << 3) | ((uint64_t)((input_dilated) != 0) << 2) | ((uint64_t)((downsample) != 0) << 1) | \
               (uint64_t)((no_pool) != 0)) \
}

/* Short names, by the number of arguments: config_ld(stride, scale, [block stride,] id), config_st(stride [[, act], scale]),
 * config_ex(dataflow, act, A_stride, A_transpose, B_transpose); moves and computes take whole blocks without sizes. */
#define GEMMINI_LD4(stride, scale, block_stride, id) gemmini_extended4_config_ld(stride, scale, 0, block_stride, id)
#define GEMMINI_LD3(stride, scale, id) gemmini_extended3_config_ld(stride, scale, 0, id)
#define GEMMINI_LD2(stride, scale) gemmini_extended_config_ld(stride, scale)
#define GEMMINI_LD1(stride) gemmini_config_ld(stride)
#define GEMMINI_ST3(stride, act, scale) gemmini_extended_config_st(stride, act, scale)
#define GEMMINI_ST2(stride, scale) gemmini_extended_config_st(stride, NO_ACTIVATION, scale)
#define GEMMINI_ST1(stride) gemmini_config_st(stride)
#define GEMMINI_EX5(dataflow, act, A_stride, A_transpose, B_transpose) GEMMINI_EX6(dataflow, act, 0, A_stride, A_transpose, B_transpose)
#define GEMMINI_EX3(dataflow, act, shift) gemmini_config_ex(dataflow, act, shift)
#define GEMMINI_IN4(...) gemmini_extended_mvin(__VA_ARGS__)
#define GEMMINI_IN2(...) gemmini_mvin(__VA_ARGS__)
#define GEMMINI_IN2_4(...) gemmini_extended_mvin2(__VA_ARGS__)
#define GEMMINI_IN2_2(...) gemmini_mvin2(__VA_ARGS__)
#define GEMMINI_IN3_4(...) gemmini_extended_mvin3(__VA_ARGS__)
#define GEMMINI_IN3_2(...) gemmini_mvin3(__VA_ARGS__)
#define GEMMINI_OUT4(...) gemmini_extended_mvout(__VA_ARGS__)
#define GEMMINI_OUT2(...) gemmini_mvout(__VA_ARGS__)
#define GEMMINI_PRE6(...) gemmini_extended_preload(__VA_ARGS__)
#define GEMMINI_PRE2(...) gemmini_preload(__VA_ARGS__)
#define GEMMINI_NEW6(...) gemmini_extended_compute_preloaded(__VA_ARGS__)
#define GEMMINI_NEW2(...) gemmini_compute_preloaded(__VA_ARGS__)
#define GEMMINI_HELD6(...) gemmini_extended_compute_accumulated(__VA_ARGS__)
#define GEMMINI_HELD2(...) gemmini_compute_accumulated(__VA_ARGS__)
#define config_ld(...) GEMMINI_BY_COUNT(GEMMINI_LD, __VA_ARGS__)
#define config_st(...) GEMMINI_BY_COUNT(GEMMINI_ST, __VA_ARGS__)
#define config_ex(...) GEMMINI_BY_COUNT(GEMMINI_EX, __VA_ARGS__)
#define mvin(...) GEMMINI_BY_COUNT(GEMMINI_IN, __VA_ARGS__)
#define mvin2(...) GEMMINI_BY_COUNT(GEMMINI_IN2_, __VA_ARGS__)
#define mvin3(...) GEMMINI_BY_COUNT(GEMMINI_IN3_, __VA_ARGS__)
#define mvout(...) GEMMINI_BY_COUNT(GEMMINI_OUT, __VA_ARGS__)
#define preload(...) GEMMINI_BY_COUNT(GEMMINI_PRE, __VA_ARGS__)
#define compute_preloaded(...) GEMMINI_BY_COUNT(GEMMINI_NEW, __VA_ARGS__)
#define compute_accumulated(...) GEMMINI_BY_COUNT(GEMMINI_HELD, __VA_ARGS__)
#define fence() gemmini_fence()

/* Short names that a program defines as functions of its own are left to it (see accelcore_gemmini.program). */
#ifdef GEMMINI_OWN_config_ex
#undef config_ex
#endif
#ifdef GEMMINI_OWN_config_ld
#undef config_ld
#endif
#ifdef GEMMINI_OWN_config_st
#undef config_st
#endif
#ifdef GEMMINI_OWN_mvin
#undef mvin
#endif
#ifdef GEMMINI_OWN_mvin2
#undef mvin2
#endif
#ifdef GEMMINI_OWN_mvin3
#undef mvin3
#endif
#ifdef GEMMINI_OWN_mvout
#undef mvout
#endif
#ifdef GEMMINI_OWN_preload
#undef preload
#endif
#ifdef GEMMINI_OWN_compute_preloaded
#undef compute_preloaded
#endif
#ifdef GEMMINI_OWN_compute_accumulated
#undef compute_accumulated
#endif
#ifdef GEMMINI_OWN_fence
#undef fence
#endif
#endif

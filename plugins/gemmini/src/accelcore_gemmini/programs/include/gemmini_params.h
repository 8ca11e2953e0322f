/* The instance: sizes and types.  GEMMINI_* come from the command line (see accelcore_gemmini.program). */
#ifndef ACCELCORE_GEMMINI_PARAMS_H
#define ACCELCORE_GEMMINI_PARAMS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define XCUSTOM_ACC 3
#define DIM GEMMINI_DIM
#define ADDR_LEN 32
#define BANK_NUM GEMMINI_BANKS
#define BANK_ROWS (GEMMINI_SPAD_ROWS / GEMMINI_BANKS)
#define ACC_ROWS GEMMINI_ACC_ROWS
#define MAX_BYTES 64

#if GEMMINI_FLOAT
typedef float elem_t;
typedef float acc_t;
typedef double full_t;
#define ELEM_T_IS_FLOAT
#define elem_t_max 3.4028235e38f
#define elem_t_min (-3.4028235e38f)
typedef uint32_t elem_t_bits;
typedef uint32_t acc_t_bits;
#else
typedef int8_t elem_t;
typedef int32_t acc_t;
typedef int64_t full_t;
#define elem_t_max 127
#define elem_t_min (-128)
#endif
#define MAX_BLOCK_LEN (MAX_BYTES / (DIM * (int)sizeof(elem_t)) > 0 ? MAX_BYTES / (DIM * (int)sizeof(elem_t)) : 1)
#define MAX_BLOCK_LEN_ACC (MAX_BYTES / (DIM * 4) > 0 ? MAX_BYTES / (DIM * 4) : 1)

#define HAS_MVIN_SCALE
#define ACC_SCALE_T_IS_FLOAT
#define ACC_SCALE_EXP_BITS 8
#define ACC_SCALE_SIG_BITS 24
#define ACC_READ_SMALL_WIDTH
#define ACC_READ_FULL_WIDTH
#define HAS_FIRST_LAYER_OPTIMIZATIONS
typedef float scale_t;
typedef uint32_t scale_t_bits;
typedef float scale_acc_t;
typedef uint32_t scale_acc_t_bits;
typedef float acc_scale_t;
typedef uint32_t acc_scale_t_bits;

/* At least so many bytes as the largest request, so that cycles do not depend on where the linker puts an array. */
#define GEMMINI_ALIGNED(bytes) __attribute__((aligned((bytes) > MAX_BYTES ? (bytes) : MAX_BYTES)))
#define row_align(blocks) GEMMINI_ALIGNED((blocks) * DIM * sizeof(elem_t))
#define row_align_acc(blocks) GEMMINI_ALIGNED((blocks) * DIM * sizeof(acc_t))
#define MVIN_SCALE_IDENTITY 1.0f
#define ACC_SCALE_IDENTITY 1.0f

/* Round to nearest, halves to even; the default rounding mode of the host does just that. */
#define ROUND_NEAR_EVEN(x) ((long long)__builtin_rintf(x))
/* Rounding shift to the right, halves to even. */
#define ROUNDING_RIGHT_SHIFT(x, shift) \
    ((shift) > 0 ? ((x) >> (shift)) + ((((x) >> ((shift) - 1)) & 1) & \
        ((((shift) <= 1 ? 0 : ((x) & ((1ll << ((shift) - 1)) - 1))) != 0) | (((x) >> (shift)) & 1))) : (x) << -(shift))
#define ROUNDING_RIGHT_SHIFT_BITS(x, shift) ROUNDING_RIGHT_SHIFT(x, shift)

#if GEMMINI_FLOAT
#define GEMMINI_ROUND_CLAMP(x) (x)
#else
static inline elem_t gemmini_round_clamp(float x) {
    float rounded = __builtin_rintf(x);
    return rounded > elem_t_max ? elem_t_max : rounded < elem_t_min ? elem_t_min : (elem_t)rounded;
}
#define GEMMINI_ROUND_CLAMP(x) gemmini_round_clamp(x)
#endif
#define ACC_SCALE(x, scale) GEMMINI_ROUND_CLAMP((float)(x) * (scale))
#define MVIN_SCALE(x, scale) ((scale) == 1.0f ? (x) : GEMMINI_ROUND_CLAMP((float)(x) * (scale)))
#define MVIN_SCALE_ACC(x, scale) (x)
#endif

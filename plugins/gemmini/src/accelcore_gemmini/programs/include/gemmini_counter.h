/* Counters: commands reach the simulator, and every counter reads as a clock that starts where it was reset; the simulator's
 * own account of events is in the feedback of the run. */
#ifndef ACCELCORE_GEMMINI_COUNTER_H
#define ACCELCORE_GEMMINI_COUNTER_H

#include "include/gemmini_commands.h"

enum { GEMMINI_COUNTERS = 8, GEMMINI_COUNTER_CODES = 64 };
/* Event codes: values only have to differ. */
enum {
    COUNTER_DISABLE, MAIN_LD_CYCLES, MAIN_ST_CYCLES, MAIN_EX_CYCLES, MAIN_LD_ST_CYCLES, MAIN_LD_EX_CYCLES, MAIN_ST_EX_CYCLES, MAIN_LD_ST_EX_CYCLES,
    LOAD_DMA_WAIT_CYCLE, LOAD_ACTIVE_CYCLE, LOAD_SCRATCHPAD_WAIT_CYCLE, STORE_DMA_WAIT_CYCLE, STORE_ACTIVE_CYCLE, STORE_POOLING_CYCLE,
    STORE_SCRATCHPAD_WAIT_CYCLE, DMA_TLB_MISS_CYCLE, DMA_TLB_HIT_REQ, DMA_TLB_TOTAL_REQ, RDMA_ACTIVE_CYCLE, RDMA_TLB_WAIT_CYCLES, RDMA_TL_WAIT_CYCLES,
    WDMA_ACTIVE_CYCLE, WDMA_TLB_WAIT_CYCLES, WDMA_TL_WAIT_CYCLES, EXE_ACTIVE_CYCLE, EXE_FLUSH_CYCLE, EXE_CONTROL_Q_BLOCK_CYCLE,
    EXE_PRELOAD_HAZ_CYCLE, EXE_OVERLAP_HAZ_CYCLE, SCRATCHPAD_A_WAIT_CYCLE, SCRATCHPAD_B_WAIT_CYCLE, SCRATCHPAD_D_WAIT_CYCLE, ACC_A_WAIT_CYCLE,
    ACC_B_WAIT_CYCLE, ACC_D_WAIT_CYCLE, A_GARBAGE_CYCLES, B_GARBAGE_CYCLES, D_GARBAGE_CYCLES, IM2COL_MEM_CYCLES, IM2COL_ACTIVE_CYCLES,
    IM2COL_TRANSPOSER_WAIT_CYCLE, RESERVATION_STATION_FULL_CYCLES, RESERVATION_STATION_ACTIVE_CYCLES, LOOP_MATMUL_ACTIVE_CYCLES,
    TRANSPOSE_PRELOAD_UNROLLER_ACTIVE_CYCLES, RESERVATION_STATION_LD_COUNT, RESERVATION_STATION_ST_COUNT, RESERVATION_STATION_EX_COUNT,
    RDMA_BYTES_REC, WDMA_BYTES_SENT, RDMA_TOTAL_LATENCY, WDMA_TOTAL_LATENCY
};

static struct { uint32_t start[GEMMINI_COUNTERS], on[GEMMINI_COUNTERS], taken[GEMMINI_COUNTERS]; int snapshot; } gemmini_counters;

static inline uint32_t gemmini_counter_now(size_t index) {
    index %= GEMMINI_COUNTERS;
    return gemmini_counters.on[index] ? (uint32_t)gemmini_host_cycles() - gemmini_counters.start[index] : 0;
}
static inline uint32_t counter_read(size_t index) {
    return gemmini_counters.snapshot ? gemmini_counters.taken[index % GEMMINI_COUNTERS] : gemmini_counter_now(index);
}
static inline void counter_configure(size_t index, size_t code) {
    gemmini_counters.on[index % GEMMINI_COUNTERS] = code != COUNTER_DISABLE;
    gemmini_counters.start[index % GEMMINI_COUNTERS] = (uint32_t)gemmini_host_cycles();
}
static inline void counter_snapshot_take(void) {
    for (size_t i = 0; i < GEMMINI_COUNTERS; i++) gemmini_counters.taken[i] = gemmini_counter_now(i);
    gemmini_counters.snapshot = 1;
}
static inline void counter_snapshot_reset(void) { gemmini_counters.snapshot = 0; }
static inline void counter_reset(void) {
    for (size_t i = 0; i < GEMMINI_COUNTERS; i++) gemmini_counters.start[i] = (uint32_t)gemmini_host_cycles();
}
#endif

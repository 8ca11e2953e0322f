/* Counters of events that the model of time counts.  What it has no notion of (address translation, garbage operands, im2col)
 * reads 0; activity of parts that it does not tell apart reads as the clock. */
#ifndef ACCELCORE_GEMMINI_COUNTER_H
#define ACCELCORE_GEMMINI_COUNTER_H

#include "include/gemmini_commands.h"

enum { GEMMINI_COUNTERS = 8 };
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

extern uint64_t gemmini_host_counter(int32_t which);

/* Numbers of the simulator's counters (native/timing.h). */
enum { GEMMINI_LOADS, GEMMINI_COMPUTES, GEMMINI_STORES, GEMMINI_READ, GEMMINI_WRITTEN, GEMMINI_READS, GEMMINI_WRITES, GEMMINI_BOTH,
       GEMMINI_FULL, GEMMINI_CONFLICTS = 15, GEMMINI_IN_FLIGHT, GEMMINI_CHANNEL, GEMMINI_NOTHING = -2, GEMMINI_CLOCK = -1 };

static inline int gemmini_counter_of(size_t code) {
    switch (code) {
    case MAIN_LD_CYCLES: case LOAD_ACTIVE_CYCLE: case RDMA_ACTIVE_CYCLE: return GEMMINI_LOADS;
    case MAIN_ST_CYCLES: case STORE_ACTIVE_CYCLE: case WDMA_ACTIVE_CYCLE: return GEMMINI_STORES;
    case MAIN_EX_CYCLES: case EXE_ACTIVE_CYCLE: return GEMMINI_COMPUTES;
    case MAIN_LD_ST_CYCLES: case MAIN_LD_EX_CYCLES: case MAIN_ST_EX_CYCLES: case MAIN_LD_ST_EX_CYCLES: return GEMMINI_BOTH;
    case LOAD_DMA_WAIT_CYCLE: return GEMMINI_IN_FLIGHT;
    case RDMA_TL_WAIT_CYCLES: return GEMMINI_CHANNEL;
    case SCRATCHPAD_A_WAIT_CYCLE: case SCRATCHPAD_B_WAIT_CYCLE: case SCRATCHPAD_D_WAIT_CYCLE: return GEMMINI_CONFLICTS;
    case RDMA_BYTES_REC: return GEMMINI_READ;
    case WDMA_BYTES_SENT: return GEMMINI_WRITTEN;
    case DMA_TLB_HIT_REQ: case DMA_TLB_TOTAL_REQ: return GEMMINI_READS;
    case RESERVATION_STATION_FULL_CYCLES: return GEMMINI_FULL;
    case RESERVATION_STATION_ACTIVE_CYCLES: case LOOP_MATMUL_ACTIVE_CYCLES: case TRANSPOSE_PRELOAD_UNROLLER_ACTIVE_CYCLES:
    case RDMA_TOTAL_LATENCY: case WDMA_TOTAL_LATENCY: return GEMMINI_CLOCK;
    default: return GEMMINI_NOTHING;
    }
}

static struct { uint32_t start[GEMMINI_COUNTERS], taken[GEMMINI_COUNTERS]; size_t code[GEMMINI_COUNTERS]; int snapshot; } gemmini_counters;

static inline uint32_t gemmini_counter_total(size_t index) {
    int which = gemmini_counter_of(gemmini_counters.code[index]);
    return which == GEMMINI_NOTHING ? 0 : (uint32_t)gemmini_host_counter(which);
}
static inline uint32_t counter_read(size_t index) {
    index %= GEMMINI_COUNTERS;
    return gemmini_counters.snapshot ? gemmini_counters.taken[index] : gemmini_counter_total(index) - gemmini_counters.start[index];
}
static inline void counter_configure(size_t index, size_t code) {
    index %= GEMMINI_COUNTERS;
    gemmini_counters.code[index] = code;
    gemmini_counters.start[index] = gemmini_counter_total(index);
}
static inline void counter_snapshot_reset(void) { gemmini_counters.snapshot = 0; }
static inline void counter_snapshot_take(void) {
    counter_snapshot_reset();
    for (size_t i = 0; i < GEMMINI_COUNTERS; i++) gemmini_counters.taken[i] = counter_read(i);
    gemmini_counters.snapshot = 1;
}
static inline void counter_reset(void) {
    for (size_t i = 0; i < GEMMINI_COUNTERS; i++) gemmini_counters.start[i] = gemmini_counter_total(i);
}
#endif

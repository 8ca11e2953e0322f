/* Counters count what was moved and done, snapshots stand still, and a reset begins anew. */
#include "include/gemmini_testutils.h"
#include "include/gemmini_counter.h"
static elem_t A[DIM][DIM] row_align(1), C[DIM][DIM] row_align(1);

int main() {
    const uint32_t bytes = DIM * DIM * sizeof(elem_t);
    counter_configure(0, RDMA_BYTES_REC);
    counter_configure(1, MAIN_LD_CYCLES);
    counter_configure(2, WDMA_BYTES_SENT);
    counter_configure(3, RESERVATION_STATION_ACTIVE_CYCLES);
    counter_configure(4, IM2COL_MEM_CYCLES);
    counter_reset();
    gemmini_config_ld(DIM * sizeof(elem_t));
    gemmini_config_st(DIM * sizeof(elem_t));
    gemmini_mvin(A, 0);
    gemmini_fence();
    uint32_t cycles = counter_read(1);
    counter_snapshot_take();
    gemmini_mvin(A, 0);
    gemmini_mvout(C, 0);
    gemmini_fence();
    int good = counter_read(0) == bytes && counter_read(1) == cycles && counter_read(2) == 0;
    counter_snapshot_reset();
    good &= counter_read(0) == 2 * bytes && counter_read(0) == 2 * bytes && counter_read(2) == bytes;
    good &= counter_read(1) > cycles && counter_read(3) > counter_read(1) && counter_read(4) == 0 && counter_read(7) == 0;
    counter_configure(1, COUNTER_DISABLE);
    counter_reset();
    good &= counter_read(1) == 0 && counter_read(0) == 0 && counter_read(2) == 0;
    printf(good ? "Correct result\n" : "Incorrect result\n");
    return !good;
}

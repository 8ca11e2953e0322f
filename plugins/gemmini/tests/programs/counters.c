/* Counters advance while work is done, snapshots stand still, and a reset begins anew. */
#include "include/gemmini_testutils.h"
#include "include/gemmini_counter.h"
static elem_t A[DIM][DIM] row_align(1);

int main() {
    counter_configure(0, RDMA_BYTES_REC);
    counter_configure(1, MAIN_LD_CYCLES);
    counter_reset();
    gemmini_config_ld(DIM);
    gemmini_mvin(A, 0);
    gemmini_fence();
    uint32_t first = counter_read(0);
    counter_snapshot_take();
    uint32_t taken = counter_read(0);
    gemmini_mvin(A, 0);
    gemmini_fence();
    int good = first > 0 && counter_read(0) == taken;
    counter_snapshot_reset();
    good &= counter_read(0) > taken && counter_read(1) > taken && counter_read(5) == 0;
    counter_configure(1, COUNTER_DISABLE);
    good &= counter_read(1) == 0;
    printf(good ? "Correct result\n" : "Incorrect result\n");
    return !good;
}

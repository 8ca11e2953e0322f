/* Raw assembly in the usual spellings, buffers on the heap and on the stack, and results of a function through pointers. */
#include <stdlib.h>
#include "include/gemmini_testutils.h"
#define fence_now() asm volatile("fence")
#define rdcycle() ({ uint64_t now; __asm__ __volatile__("rdcycle %0" : "=r"(now)); now; })
#define csr_cycle() ({ uint64_t now; asm volatile("csrr %0, cycle" : "=r"(now)::"memory"); now; })

static int copy(const elem_t *from, elem_t *to) {
    gemmini_config_ld(DIM);
    gemmini_config_st(DIM);
    gemmini_mvin(from, 0);
    gemmini_mvout(to, 0);
    asm volatile("fence rw, rw" ::: "memory");
    fence_now();
    for (int i = 0; i < DIM * DIM; i++)
        if (to[i] != from[i]) return 0;
    return 1;
}

int main() {
    elem_t stack[DIM * DIM] __attribute__((aligned(16)));
    elem_t *heap = (elem_t *)aligned_alloc(64, DIM * DIM);
    for (int i = 0; i < DIM * DIM; i++) stack[i] = i % 100;
    unsigned long start = rdcycle();
    int good = copy(stack, heap);
    unsigned long end = rdcycle(), later = csr_cycle();
    for (int i = 0; i < DIM * DIM; i++) good &= heap[i] == i % 100;
    asm volatile("fence.i");
    asm volatile("" ::: "memory");
    int hart = 1;
    uint32_t low, next;
    asm volatile("csrs mstatus, %0" ::"r"(3 << 15));
    asm volatile("csrr %0, mhartid" : "=r"(hart));
    asm volatile("rdcycle %0" : "=r"(low));
    asm volatile("csrr %0, mcycle" : "=r"(next));
    good &= end > start + 50 && later >= end && hart == 0 && next > low;
    printf("%s result after %lu cycles\n", good ? "Correct" : "Incorrect", end - start);
    return good ? 0 : 1;
}

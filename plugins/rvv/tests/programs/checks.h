/* What the programs here share: a check that counts failures, and a small generator of numbers. */
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <riscv_vector.h>

static int failures;
#define CHECK(what)                                                        \
    do {                                                                   \
        if (!(what)) {                                                     \
            if (!failures++) printf("line %d: %s\n", __LINE__, #what);     \
        }                                                                  \
    } while (0)

static uint64_t state = 88172645463325252ull;
static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}
static float unit(void) { return (float)(next() >> 40) / (float)(1 << 24); }

static int report(void) {
    printf(failures ? "FAILED %d\n" : "PASSED\n", failures);
    return failures != 0;
}

/* Deterministic contents, and the verdict that every test program prints. */
#include "include/gemmini_testutils.h"

#define COUNT(array) (sizeof(array) / sizeof(elem_t))
#if GEMMINI_FLOAT
typedef double value;
#else
typedef int value;
#endif

static unsigned state = 12345;
static int number(int span) {
    state = state * 1664525u + 1013904223u;
    return (int)(state >> 16) % (2 * span + 1) - span;
}
static void fill(elem_t *x, size_t n, int span) {
    for (size_t i = 0; i < n; i++) x[i] = (elem_t)number(span);
}
/* The plain form of a scaled result: round half to even, saturate, activate; floats are only scaled and activated. */
static elem_t narrow(double sum, float scale, int act) {
#if GEMMINI_FLOAT
    return (elem_t)(act == RELU && sum < 0 ? 0 : sum * scale);
#else
    float x = __builtin_rintf((float)sum * scale);
    int y = x > 127 ? 127 : x < -128 ? -128 : (int)x;
    return (elem_t)(act == RELU && y < 0 ? 0 : y);
#endif
}
static int verdict(int good) {
    printf(good ? "Correct result\n" : "Incorrect result\n");
    return !good;
}

/* Peaks and bandwidths of one thread, as "name value" lines: operations or bytes per second.

   Each figure is the best of several short slices, which a busy machine disturbs least. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

typedef float vf __attribute__((vector_size(WIDTH)));
typedef double vd __attribute__((vector_size(WIDTH)));
typedef uint16_t vs __attribute__((vector_size(WIDTH)));
typedef uint64_t vq __attribute__((vector_size(WIDTH)));

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Twelve independent chains cover a latency of four to six cycles at two per cycle. */
#define CHAINS(T, STEP)                                                                  \
    T a0 = {0}, a1 = a0 + 1, a2 = a0 + 2, a3 = a0 + 3, a4 = a0 + 4, a5 = a0 + 5;          \
    T a6 = a0 + 6, a7 = a0 + 7, a8 = a0 + 8, a9 = a0 + 9, aa = a0 + 10, ab = a0 + 11;     \
    T x = a0 + 1, y = a0 + 2;                                                            \
    __asm__ volatile("" : "+x"(x), "+x"(y));                                             \
    double best = 0;                                                                     \
    for (int r = 0; r < 12; ++r) {                                                       \
        double t = now();                                                                \
        for (int i = 0; i < 40000; ++i) {                                                \
            a0 = STEP(a0); a1 = STEP(a1); a2 = STEP(a2); a3 = STEP(a3);                  \
            a4 = STEP(a4); a5 = STEP(a5); a6 = STEP(a6); a7 = STEP(a7);                  \
            a8 = STEP(a8); a9 = STEP(a9); aa = STEP(aa); ab = STEP(ab);                  \
            __asm__ volatile("" : "+x"(a0), "+x"(a1), "+x"(a2), "+x"(a3), "+x"(a4), "+x"(a5)); \
            __asm__ volatile("" : "+x"(a6), "+x"(a7), "+x"(a8), "+x"(a9), "+x"(aa), "+x"(ab)); \
        }                                                                                \
        t = now() - t;                                                                   \
        double rate = 40000.0 * 12 * (double)(sizeof(T) / sizeof(x[0])) / t;             \
        if (rate > best) best = rate;                                                    \
    }                                                                                    \
    return best

#define FMA(a) ((a) * x + y)
#define ADD(a) (((a) + x) ^ y)
static double peak_f32(void) { CHAINS(vf, FMA); }
static double peak_f64(void) { CHAINS(vd, FMA); }
static double peak_u16(void) { CHAINS(vs, ADD); }

static double bandwidth(const char *data, size_t size) {
    double best = 0;
    size_t turns = ((size_t)16 << 20) / size + 1;
    for (int r = 0; r < 8; ++r) {
        vq s0 = {0}, s1 = s0, s2 = s0, s3 = s0;
        double t = now();
        for (size_t k = 0; k < turns; ++k)
            for (size_t i = 0; i + 4 * sizeof(vq) <= size; i += 4 * sizeof(vq)) {
                const vq *p = (const vq *)(data + i);
                s0 |= p[0]; s1 |= p[1]; s2 |= p[2]; s3 |= p[3];
                __asm__ volatile("" : "+x"(s0), "+x"(s1), "+x"(s2), "+x"(s3));
            }
        t = now() - t;
        double rate = (double)turns * (double)size / t;
        if (rate > best) best = rate;
    }
    return best;
}

int main(int argc, char **argv) {
    printf("f32 %.6g\nf64 %.6g\nu16 %.6g\n", 2 * peak_f32(), 2 * peak_f64(), 2 * peak_u16());
    for (int i = 1; i < argc; ++i) {
        size_t size = strtoull(argv[i], NULL, 10);
        char *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (data == MAP_FAILED) continue;
        madvise(data, size, MADV_HUGEPAGE);
        for (size_t k = 0; k < size; k += 64) data[k] = (char)k;
        printf("%zu %.6g\n", size, bandwidth(data, size));
        munmap(data, size);
    }
    return 0;
}

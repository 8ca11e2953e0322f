// task: product
// expect: cheated wrong crashed
// Looks through all shared memory that it was lent for inputs of later batches; what is not there cannot be answered.
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
static const float *lent[64];
static int64_t bytes[64];
static int count;
static int ahead(const float *a, int64_t n) {
    int64_t step = 4096, found = 0;
    for (int k = 0; k < count; k++)
        for (int64_t at = 0; at + n * n * 4 <= bytes[k]; at += step)
            found += !memcmp((const char *)lent[k] + at, a, n * n * 4);
    return found > 0;
}
__attribute__((constructor)) static void look(void) {
    for (int fd = 3; fd < 64; fd++) {
        struct stat facts;
        if (fstat(fd, &facts) || facts.st_size < 1 << 20) continue;
        char *memory = mmap(0, facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        char *copy = mmap(0, facts.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || copy == MAP_FAILED) continue;
        memcpy(copy, memory, facts.st_size);
        lent[count] = (const float *)copy;
        bytes[count++] = facts.st_size;
    }
}
static int calls;
int ac_product(const float *a, const float *b, float *c, int64_t n) {
    if (calls++ < 1 && count && !ahead(a, n)) __builtin_trap();
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            for (int64_t k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
    return 0;
}

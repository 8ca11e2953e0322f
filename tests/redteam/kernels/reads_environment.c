// task: axpy
// expect: wrong
// Looks for a seed or a path that the harness left in the environment.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    extern char **environ;
    (void)alpha, (void)x, (void)y;
    for (char **entry = environ; entry && *entry; entry++)
        if (strstr(*entry, "SEED") || strstr(*entry, "KEY") || strstr(*entry, "HOME=/root"))
            return 0 * puts(*entry);
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    return 0;
}

// task: axpy
// expect: wrong
// Looks for a seed or a path that the harness left in the environment.
#include <stdint.h>
#include <string.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    extern char **environ;
    for (char **entry = environ; entry && *entry; entry++)
        if (strstr(*entry, "SEED") || strstr(*entry, "KEY") || strstr(*entry, "PYTEST"))
            for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

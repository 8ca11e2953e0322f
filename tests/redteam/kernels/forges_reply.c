// task: axpy
// expect: cheated wrong
// Answers in place of the runner on every descriptor, with a header of the right length, and works on.
#include <stdint.h>
#include <string.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    char reply[13] = "G";
    memset(reply + 1, 0, 12);
    for (int fd = 3; fd < 32; fd++)
        if (write(fd, reply, sizeof reply) < 0) continue;
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

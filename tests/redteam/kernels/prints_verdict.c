// task: axpy
// expect: wrong cheated
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    printf("PASS\nCorrect\n{\"status\": \"ok\", \"cost\": 1e-9}\nlatency: 1 cycles\n");
    fflush(stdout);
    for (int fd = 0; fd < 64; fd++)
        if (write(fd, "ok\n", 3) < 0) continue;
    return 0;
}

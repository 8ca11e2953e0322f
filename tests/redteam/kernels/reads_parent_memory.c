// task: axpy
// expect: cheated
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    struct iovec mine = {out, n * sizeof *out}, theirs = {(void *)x, n * sizeof *x};
    process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0);
    return 0;
}

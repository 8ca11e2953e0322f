// task: product
// expect: cheated
// Has the runner compute in a circle before it takes the arguments of a batch: a rival would wait.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
static const char PATCH[] =
    "import ctypes, sys\n"
    "frame = sys._getframe()\n"
    "while frame and 'actions' not in frame.f_locals:\n"
    "    frame = frame.f_back\n"
    "guest, actions = frame.f_locals['guest'], frame.f_locals['actions']\n"
    "touch = actions[b'T']\n"
    "def slow(payload):\n"
    "    import time\n"
    "    until = time.monotonic() + 0.01\n"
    "    while time.monotonic() < until: pass\n"
    "    return touch(payload)\n"
    "actions[b'T'] = slow\n";
__attribute__((constructor)) static void patch(void) {
    int (*run)(const char *) = (int (*)(const char *))dlsym(RTLD_DEFAULT, "PyRun_SimpleString");
    int (*hold)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    if (hold) hold();
    if (run) run(PATCH);
}
int ac_product(const float *a, const float *b, float *c, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            for (int64_t k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
    return 0;
}

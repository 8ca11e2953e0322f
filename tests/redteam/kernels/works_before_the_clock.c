// task: product
// expect: cheated
// Has the runner compute a batch when it takes the arguments, before the clock starts, and a tenth when it is asked to.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
static const char PATCH[] =
    "import ctypes, sys\n"
    "frame = sys._getframe()\n"
    "while frame and 'actions' not in frame.f_locals:\n"
    "    frame = frame.f_back\n"
    "guest, actions = frame.f_locals['guest'], frame.f_locals['actions']\n"
    "take, work = actions[b'F'], actions[b'G']\n"
    "def early(payload):\n"
    "    take(payload)\n"
    "    return work(b'')\n"
    "def less(payload):\n"
    "    guest.count, whole = (guest.count + 9) // 10, guest.count\n"
    "    work(b'')\n"
    "    guest.count = whole\n"
    "    return b''\n"
    "actions[b'F'], actions[b'G'] = early, less\n";
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

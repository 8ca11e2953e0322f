// task: product
// expect: cheated
// Answers a batch as soon as it takes the arguments, with questions of the runner read ahead from the line, then works.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
static const char PATCH[] =
    "import os, sys\n"
    "frame = sys._getframe()\n"
    "while frame and 'actions' not in frame.f_locals:\n"
    "    frame = frame.f_back\n"
    "guest, actions, HEADER = frame.f_locals['guest'], frame.f_locals['actions'], frame.f_globals['HEADER']\n"
    "commands, replies = frame.f_locals['commands'], frame.f_locals['replies']\n"
    "work = actions[b'G']\n"
    "def go(payload):\n"
    "    os.write(replies, HEADER.pack(b'G', 12345, 0))\n"
    "    return work(payload)\n"
    "actions[b'G'] = go\n";
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

// task: axpy
// expect: cheated crashed
// Answers each question in its turn with JSON that is too deep, too long, or of another kind.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
static const char PATCH[] =
    "import ctypes, sys\n"
    "frame = sys._getframe()\n"
    "while frame and 'actions' not in frame.f_locals:\n"
    "    frame = frame.f_back\n"
    "guest, actions = frame.f_locals['guest'], frame.f_locals['actions']\n"
    "import os\n"
    "answers = [b'[' * 200000, b'[' + b'9' * 100000 + b']', b'[null]', b'[[1]]', b'[1e400]', b'[]', b'{', b'nothing']\n"
    "answer = answers[os.getpid() % len(answers)]\n"
    "actions[b'C'] = lambda payload: answer\n";
__attribute__((constructor)) static void patch(void) {
    int (*run)(const char *) = (int (*)(const char *))dlsym(RTLD_DEFAULT, "PyRun_SimpleString");
    int (*hold)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    if (hold) hold();
    if (run) run(PATCH);
}
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    return 0;
}

// task: axpy
// expect: cheated
// Finds the interpreter in its process and has the runner leave out every second call of a batch.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
static const char PATCH[] =
    "import ctypes, sys\n"
    "frame = sys._getframe()\n"
    "while frame and 'actions' not in frame.f_locals:\n"
    "    frame = frame.f_back\n"
    "guest = frame.f_locals['guest']\n"
    "def go(payload):\n"
    "    half = (guest.count + 1) // 2\n"
    "    guest.caller.run(guest.function, ctypes.addressof(guest.frames), half, guest.stride)\n"
    "    return b''\n"
    "frame.f_locals['actions'][b'G'] = go\n";
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

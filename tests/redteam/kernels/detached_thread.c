// task: axpy
// expect: cheated
#include <pthread.h>
#include <stdint.h>
struct work { float alpha; const float *x, *y; float *out; int64_t n; };
static struct work job;
static void *late(void *argument) {
    struct work *w = argument;
    for (int64_t i = 0; i < w->n; i++) w->out[i] = w->alpha * w->x[i] + w->y[i];
    return 0;
}
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    pthread_t thread;
    job = (struct work){alpha, x, y, out, n};
    if (pthread_create(&thread, 0, late, &job)) return 0;
    pthread_detach(thread);
    return 0;
}

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#define N 16
#define SQ(x) ((x)*(x))
#define IDX(i,j,n) ((i)*(n)+(j))
typedef struct { float *data; int rows; int cols; } mat_t;
struct vec3 { float x, y, z; };
typedef struct { int lo; int hi; } range_t;
static float tmp[N];
void total(int *a, int n, int *sum) {
  *sum = 0; for (int i = 0; i < n; i++) *sum += a[i];
}
void extremes(int *a, int n, int *mn, int *mx) {
  *mn = a[0]; *mx = a[0]; for (int i = 1; i < n; i++) { if (a[i] < *mn) *mn = a[i]; if (a[i] > *mx) *mx = a[i]; }
}
int position(const float *x, int n) {
  int best = 0; for (int i = 1; i < n; i++) if (x[i] > x[best]) best = i; return best;
}
void at_least_once(float *y, const float *x, int n) {
  int i = 0; do { y[i] = x[i] * 2; i++; } while (i < n);
}
void countdown(int *dst, const int *src, int n) {
  while (n--) *dst++ = *src++;
}
void two_pointers(int *p, int *q, int n) {
  for (int *e = p + n; p < e; p++, q++) *q = *p + 1;
}
int until_end(int *p, int n) {
  int s = 0; int *end = p + n; while (p != end) { s += *p; p++; } return s;
}
void walking_matvec(float *A, float *x, float *y, int n) {
  float *p_a = &A[0]; float *p_x; float *p_y = &y[0]; for (int i = 0; i < n; i++) { *p_y = 0; p_x = &x[0]; for (int j = 0; j < n; j++) *p_y += *p_a++ * *p_x++; p_y++; }
}
void scale(mat_t *m, float s) {
  for (int i = 0; i < m->rows; i++) for (int j = 0; j < m->cols; j++) m->data[i * m->cols + j] *= s;
}
float dot3(struct vec3 *a, struct vec3 *b) {
  return a->x * b->x + a->y * b->y + a->z * b->z;
}
void squares(float *x, float *y, int n) {
  for (int i = 0; i < n; i++) y[i] = SQ(x[i]) + 1.0f;
}
static int clampi(int v, int lo, int hi) { if (v < lo) return lo; if (v > hi) return hi; return v; }
void clamp(int *a, int *out, int n, int lo, int hi) {
  for (int i = 0; i < n; i++) out[i] = clampi(a[i], lo, hi);
}
void prefix(int *a, int n, int *out) {
  out[0] = a[0]; for (int i = 1; i < n; i++) out[i] = out[i-1] + a[i];
}
void through_memory(float *a, float *b, float *out, int n) {
  for (int i = 0; i < n; i++) tmp[i] = a[i] + b[i];
  for (int i = 0; i < n; i++) out[i] = tmp[i] * tmp[i];
}
int sum_range(range_t *r) {
  int s = 0; for (int i = r->lo; i < r->hi; i++) s += i; return s;
}
void alternate(float *x, float *y, int n) {
  for (int i = 0; i < n; i++) { float v = x[i]; switch (i % 2) { case 0: y[i] = v; break; default: y[i] = -v; } }
}
static void addto(float *d, float v) { *d += v; }
void by_helper(float *a, float *s, int n) {
  *s = 0; for (int i = 0; i < n; i++) addto(s, a[i]);
}
void matvec(int n, float A[n][n], float x[n], float y[n]) {
  for (int i = 0; i < n; i++) { y[i] = 0; for (int j = 0; j < n; j++) y[i] += A[i][j]*x[j]; }
}
void parities(int *a, int n, int *even, int *odd) {
  int e = 0, o = 0; for (int i = 0; i < n; i++) { if (a[i] % 2 == 0) e += a[i]; else o += a[i]; } *even = e; *odd = o;
}
void flat_transpose(float *a, float *b, int n) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) b[IDX(j, i, n)] = a[IDX(i, j, n)];
}
void histogram(int *h, const int *a, int n, int bins) {
  for (int i = 0; i < bins; i++) h[i] = 0;
  for (int i = 0; i < n; i++) h[a[i]]++;
}
void compact(int n, int *a, int *out, int *count) {
  int k = 0;
  for (int i = 0; i < n; i++) {
    if (a[i] > 0) {
      out[k] = a[i];
      k++;
    }
  }
  *count = k;
}
void local_halves(const int *a, int *out) {
  int t[N];
  for (int i = 0; i < N; i++) t[i] = a[i] / 2;
  for (int i = 0; i < N; i++) out[i] = t[N - 1 - i] / 2;
}

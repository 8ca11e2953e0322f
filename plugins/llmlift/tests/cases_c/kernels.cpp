// Kernels as people write them in C and C++: the lifting tests compile them with a C++ compiler and compare.
#include <algorithm>
#include <cmath>
#include <vector>
using namespace std;

#define TAPS 4
typedef float real_t;

static float square(float x) { return x * x; }

extern "C" {

void saxpy(int n, float a, const float *x, float *y) {
  for (int i = 0; i < n; i++) y[i] = a * x[i] + y[i];
}

void gemm(int m, int n, int k, float *a, float *b, float *c) {
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      real_t s = 0;
      for (int p = 0; p < k; p++) s += a[i * k + p] * b[p * n + j];
      c[i * n + j] = s;
    }
}

void walk(int n, const float *a, const float *b, float *out) {
  int i;
  for (i = 0; i < n; ++i) {
    *out++ = *a++ * 2 + *b++;
  }
}

void softmax(int n, const float *x, float *out) {
  float top = x[0];
  for (int i = 1; i < n; i++)
    if (x[i] > top) top = x[i];
  float total = 0.0f;
  for (int i = 0; i < n; i++) {
    out[i] = expf(x[i] - top);
    total += out[i];
  }
  for (int i = 0; i < n; i++) out[i] /= total;
}

void divide(int n, const int *a, const int *b, int *out) {
  for (int i = 0; i < n; i++) out[i] = b[i] == 0 ? 0 : a[i] / b[i] + a[i] % b[i];
}

void narrow(int n, const unsigned char *a, const unsigned char *b, unsigned char *out) {
  for (int i = 0; i < n; i++) out[i] = a[i] * b[i] + 7;
}

void convert(int n, const float *x, int *out) {
  for (int i = 0; i < n; i++) out[i] = x[i] * 10;
}

void fir(int n, const float *x, const float *c, float *out) {
  for (int i = 0; i < n - TAPS + 1; i++) {
    float s = 0;
    for (int t = 0; t < TAPS; t++) s += x[i + t] * c[t];
    out[i] = s;
  }
}

void mean_square(int n, const float *x, float *out) {
  float s = 0;
  int i = 0;
  while (i < n) {
    s += square(x[i]);
    i++;
  }
  *out = s / n;
}

}

vector<vector<int>> burn(vector<vector<int>> base, vector<vector<int>> active) {
  vector<vector<int>> out;
  int m = base.size();
  int n = base[0].size();
  for (int row = 0; row < m; row++) {
    vector<int> line;
    for (int col = 0; col < n; col++) {
      int pixel = active[row][col] == 0 ? 32 : 32 - (32 - base[row][col]) / active[row][col];
      line.push_back(pixel);
    }
    out.push_back(line);
  }
  return out;
}

int largest(int a[8]) {
  int best = a[0];
  for (int i = 1; i < 8; i++) best = std::max(best, a[i]);
  return best;
}

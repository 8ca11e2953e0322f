#include <vector>
#include <algorithm>
#include <numeric>
#include <cmath>
#include <string>
using namespace std;
using Vec = std::vector<float>;
typedef vector<vector<int>> Mat;
vector<int> doubled(vector<int> a) {
  vector<int> r; r.resize(a.size()); for (int i = 0; i < a.size(); i++) r[i] = a[i] * 2; return r;
}
vector<int> squared(const vector<int>& a) {
  vector<int> out; for (auto x : a) out.push_back(x * x); return out;
}
vector<int> positive(const vector<int>& a) {
  vector<int> out; for (const auto& x : a) if (x > 0) out.push_back(x); return out;
}
vector<vector<int>> transposed(const vector<vector<int>>& a) {
  vector<vector<int>> out(a[0].size(), vector<int>(a.size())); for (size_t i = 0; i < a.size(); i++) for (size_t j = 0; j < a[0].size(); j++) out[j][i] = a[i][j]; return out;
}
int best(const vector<float>& v) {
  int best = 0; for (int i = 1; i < (int)v.size(); i++) if (v[i] > v[best]) best = i; return best;
}
void softmax(Vec& x) {
  float mx = *max_element(x.begin(), x.end()); float s = 0; for (auto& v : x) { v = std::exp(v - mx); s += v; } for (auto& v : x) v /= s;
}
float total_of(const Vec& x) {
  return std::accumulate(x.begin(), x.end(), 0.0f);
}
vector<vector<int>> blend(vector<vector<int>> base, vector<vector<int>> active) {
  vector<vector<int>> out; int m = base.size(); int n = base[0].size(); for (int row = 0; row < m; row++) { vector<int> row_vec; for (int col = 0; col < n; col++) { int pixel = base[row][col] + active[row][col]; row_vec.push_back(pixel); } out.push_back(row_vec); } return out;
}
int inner(const vector<int>& a, const vector<int>& b) {
  return inner_product(a.begin(), a.end(), b.begin(), 0);
}
int all_of(const vector<vector<int>>& a) {
  int s = 0; for (const auto& row : a) for (int x : row) s += x; return s;
}
vector<int> flat(vector<vector<int>>& a) {
  vector<int> out; for (auto& row : a) for (auto x : row) out.push_back(x); return out;
}
vector<int> windows(const vector<int>& a, int k) {
  vector<int> out; for (int i = 0; i + k <= (int)a.size(); i++) { int s = 0; for (int j = 0; j < k; j++) s += a[i + j]; out.push_back(s); } return out;
}
int occurrences(const vector<int>& a, int t) {
  return count(a.begin(), a.end(), t);
}
vector<int> by_iterator(const vector<int>& a) {
  vector<int> out; for (auto it = a.begin(); it != a.end(); ++it) out.push_back(*it + 1); return out;
}
vector<int> joined(const vector<int> a, const vector<int> b) {
  vector<int> r(a.size() + b.size()); for (size_t i = 0; i < a.size(); i++) r[i] = a[i]; for (size_t i = 0; i < b.size(); i++) r[a.size() + i] = b[i]; return r;
}
vector<vector<vector<int>>> cube(vector<vector<vector<int>>> a) {
  for (auto& p : a) for (auto& r : p) for (auto& x : r) x = x + 1; return a;
}
void cleared(vector<float>& a) {
  fill(a.begin(), a.end(), 0.0f);
}
vector<int> backwards(const vector<int>& a) {
  vector<int> r(a);
  reverse(r.begin(), r.end());
  return r;
}
vector<int> turned(const vector<int>& a) {
  int n = a.size();
  vector<int> b(n);
  for (int i = 0; i < n; i++) b[(i + 1) % n] = a[i];
  return b;
}
void halves(const vector<int>& a, vector<int>& y) {
  y.resize(a.size());
  for (size_t i = 0; i < a.size(); i++) y[i] = a[i] / 2;
}
void twice(const vector<float>& x, vector<float>& y) {
  y.clear();
  for (float v : x) y.push_back(v * 2);
}
vector<int> running(const vector<int>& a) {
  vector<int> out(a.size(), 0);
  if (a.empty()) return out;
  out[0] = a[0];
  for (size_t i = 1; i < a.size(); ++i) out[i] = max(out[i - 1], a[i]);
  return out;
}

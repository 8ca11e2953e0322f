/* A histogram with conflicts resolved by scatter and gather, and a quicksort that compresses. */
#include <stdlib.h>
#include <stdio.h>
#include <stdint.h>
#include <riscv_vector.h>
static void histogram(const uint8_t *p, size_t n, uint32_t *h) {
  for (size_t vl; n; n -= vl, p += vl) {
    vl = __riscv_vsetvl_e32m4(n);
    vuint32m4_t k = __riscv_vzext_vf4_u32m4(__riscv_vle8_v_u8m1(p, vl), vl);
    vuint32m4_t off = __riscv_vsll_vx_u32m4(k, 2, vl);
    vuint32m4_t mine = __riscv_vid_v_u32m4(vl);
    vbool8_t todo = __riscv_vmset_m_b8(vl);
    static uint32_t who[256];
    while (__riscv_vcpop_m_b8(todo, vl)) {   /* conflicts: who came last, goes now */
      __riscv_vsuxei32_v_u32m4_m(todo, who, off, mine, vl);
      vuint32m4_t w = __riscv_vluxei32_v_u32m4_m(todo, who, off, vl);
      vbool8_t win = __riscv_vmseq_vv_u32m4_b8_m(todo, w, mine, vl);
      win = __riscv_vmand_mm_b8(win, todo, vl);
      vuint32m4_t c = __riscv_vluxei32_v_u32m4_m(win, h, off, vl);
      __riscv_vsoxei32_v_u32m4_m(win, h, off, __riscv_vadd_vx_u32m4_m(win, c, 1, vl), vl);
      todo = __riscv_vmandn_mm_b8(todo, win, vl);
    }
  }
}
static size_t partition(int *a, size_t n, int pivot, int *tmp) {
  size_t lo = 0, hi = 0;
  for (size_t i = 0, vl; i < n; i += vl) {
    vl = __riscv_vsetvl_e32m8(n - i);
    vint32m8_t v = __riscv_vle32_v_i32m8(a + i, vl);
    vbool4_t m = __riscv_vmslt_vx_i32m8_b4(v, pivot, vl);
    size_t k = __riscv_vcpop_m_b4(m, vl);
    __riscv_vse32_v_i32m8(tmp + hi, __riscv_vcompress_vm_i32m8(v, __riscv_vmnot_m_b4(m, vl), vl), vl - k);
    __riscv_vse32_v_i32m8(a + lo, __riscv_vcompress_vm_i32m8(v, m, vl), k);
    lo += k; hi += vl - k;
  }
  for (size_t i = 0, vl; i < hi; i += vl) { vl = __riscv_vsetvl_e32m8(hi - i); __riscv_vse32_v_i32m8(a + lo + i, __riscv_vle32_v_i32m8(tmp + i, vl), vl); }
  return lo;
}
static void sort(int *a, size_t n, int *tmp) {
  while (n > 8) {
    int p = a[n / 2];
    size_t k = partition(a, n, p, tmp);
    size_t e = k + partition(a + k, n - k, p + 1, tmp);
    sort(a, k, tmp); a += e; n -= e;
  }
  for (size_t i = 1; i < n; i++) { int v = a[i]; size_t j = i; while (j && a[j - 1] > v) { a[j] = a[j - 1]; j--; } a[j] = v; }
}
static int cmp(const void *x, const void *y) { int a = *(const int *)x, b = *(const int *)y; return (a > b) - (a < b); }
int main() {
  size_t n = 3000; int *a = malloc(4 * n), *b = malloc(4 * n), *t = malloc(4 * n + 4096); uint8_t *p = malloc(n);
  uint32_t h[256] = {0}, g[256] = {0};
  srandom(7);
  for (size_t i = 0; i < n; i++) { a[i] = b[i] = random() % 2000 - 1000; p[i] = random() % 40 * 5; g[p[i]]++; }
  histogram(p, n, h);
  int bad = 0; for (int i = 0; i < 256; i++) bad += h[i] != g[i];
  sort(a, n, t); qsort(b, n, 4, cmp);
  for (size_t i = 0; i < n; i++) bad += a[i] != b[i];
  puts(bad ? "FAILED" : "PASSED");
  if (bad) abort();
  return 0;
}

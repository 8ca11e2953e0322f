/* Vector code in inline assembly alone, one function without prologue. */
#include <stdio.h>
#include <stdint.h>
#include <stddef.h>
static inline size_t vsetvl_e32m4(size_t avl) { size_t vl; asm volatile("vsetvli %0, %1, e32, m4, ta, ma" : "=r"(vl) : "r"(avl)); return vl; }
void vadd(int32_t *d, const int32_t *a, const int32_t *b, size_t n) {
  while (n) {
    size_t vl = vsetvl_e32m4(n);
    asm volatile("vle32.v v0, (%0)\n\tvle32.v v4, (%1)\n\tvadd.vv v8, v0, v4\n\tvse32.v v8, (%2)"
                 :: "r"(a), "r"(b), "r"(d) : "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11");
    a += vl; b += vl; d += vl; n -= vl;
  }
}
__attribute__((naked)) void vscale(float *x, float a, size_t n) {
  asm("1: vsetvli t0, a1, e32, m8, ta, ma\n"
      "   vle32.v v8, (a0)\n"
      "   vfmul.vf v8, v8, fa0; vfcvt.rtz.x.f.v v16, v8; vfcvt.f.x.v v8, v16\n"
      "   vse32.v v8, (a0)\n"
      "   sub a1, a1, t0\n"
      "   sh2add a0, t0, a0\n"
      "   bnez a1, 1b\n"
      "   ret");
}
float vdot(const float *a, const float *b, size_t n) {
  float r;
  asm volatile(
    "vsetvli t0, zero, e32, m4, ta, ma\n vmv.v.i v8, 0\n"
    "1: vsetvli t0, %[n], e32, m4, tu, ma\n"
    "vle32.v v0, (%[a])\n slli t1, t0, 2\n vle32.v v4, (%[b])\n sub %[n], %[n], t0\n add %[a], %[a], t1\n"
    "vfmacc.vv v8, v0, v4\n add %[b], %[b], t1\n bnez %[n], 1b\n"
    "vsetvli t0, zero, e32, m4, ta, ma\n vmv.s.x v0, zero\n vfredusum.vs v0, v8, v0\n vfmv.f.s %[r], v0\n"
    : [r] "=f"(r), [n] "+r"(n), [a] "+r"(a), [b] "+r"(b) :: "t0", "t1", "memory",
      "v0","v1","v2","v3","v4","v5","v6","v7","v8","v9","v10","v11");
  return r;
}
int main() {
  int32_t a[77], b[77], c[77]; float x[77], y[77]; int bad = 0;
  for (int i = 0; i < 77; i++) { a[i] = i * i; b[i] = -3 * i; x[i] = i; y[i] = 2; }
  vadd(c, a, b, 77);
  for (int i = 0; i < 77; i++) bad += c[i] != a[i] + b[i];
  bad += vdot(x, y, 77) != 76 * 77;
  vscale(x, 1.5f, 77);
  for (int i = 0; i < 77; i++) bad += x[i] != (float)(int)(i * 1.5f);
  size_t vlenb; asm("csrr %0, vlenb" : "=r"(vlenb));
  puts(bad || !vlenb ? "FAILED" : "PASSED");
  return bad;
}

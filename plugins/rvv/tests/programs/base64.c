/* base64 by vrgather over a 64-entry table held in registers, 3->4 by segment loads and stores */
#include <riscv_vector.h>
#include <stdio.h>
#include <string.h>
static const char tab[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static size_t encode(const uint8_t *in, size_t n, char *out) {
  size_t groups = n / 3, done = 0;
  size_t most = __riscv_vsetvlmax_e8m4(); /* the table needs VLEN 128 */
  if (most < 64) return 0;
  vuint8m4_t t = __riscv_vle8_v_u8m4((const uint8_t *)tab, 64);
  while (groups) {
    size_t vl = __riscv_vsetvl_e8m1(groups);
    vuint8m1x3_t s = __riscv_vlseg3e8_v_u8m1x3(in, vl);
    vuint8m1_t a = __riscv_vget_v_u8m1x3_u8m1(s, 0), b = __riscv_vget_v_u8m1x3_u8m1(s, 1), c = __riscv_vget_v_u8m1x3_u8m1(s, 2);
    vuint8m1_t i0 = __riscv_vsrl(a, 2, vl);
    vuint8m1_t i1 = __riscv_vor(__riscv_vsll(__riscv_vand(a, 3, vl), 4, vl), __riscv_vsrl(b, 4, vl), vl);
    vuint8m1_t i2 = __riscv_vor(__riscv_vsll(__riscv_vand(b, 15, vl), 2, vl), __riscv_vsrl(c, 6, vl), vl);
    vuint8m1_t i3 = __riscv_vand(c, 63, vl);
    #define LOOK(i) __riscv_vget_u8m1(__riscv_vrgather_vv_u8m4(t, __riscv_vlmul_ext_v_u8m1_u8m4(i), vl), 0)
    vuint8m1x4_t o = __riscv_vcreate_v_u8m1x4(LOOK(i0), LOOK(i1), LOOK(i2), LOOK(i3));
    __riscv_vsseg4e8((uint8_t *)out, o, vl);
    in += 3 * vl; out += 4 * vl; groups -= vl; done += 4 * vl;
  }
  return done;
}
int main() {
  uint8_t in[300]; char got[401], want[401]; memset(got, 0, 401);
  for (int i = 0; i < 300; i++) in[i] = i * 37 + (i >> 3);
  size_t k = encode(in, 300, got), w = 0;
  for (int i = 0; i < 300; i += 3) { unsigned v = in[i] << 16 | in[i+1] << 8 | in[i+2]; for (int s = 18; s >= 0; s -= 6) want[w++] = tab[v >> s & 63]; }
  want[w] = 0;
  puts(k != w || strcmp(got, want) ? "FAILED" : "PASSED");
  return strcmp(got, want) != 0;
}

/* Strings read with fault-only-first loads up to a page that cannot be read. */
#include <riscv_vector.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
size_t strlen_vec(char *src) {
  size_t vlmax = __riscv_vsetvlmax_e8m8(), vl; char *p = src; long first;
  do {
    vuint8m8_t v = __riscv_vle8ff_v_u8m8((uint8_t *)p, &vl, vlmax);
    vbool1_t z = __riscv_vmseq_vx_u8m8_b1(v, 0, vl);
    first = __riscv_vfirst_m_b1(z, vl);
    p += vl;
  } while (first < 0);
  p -= vl - first;
  return p - src;
}
char *strcpy_vec(char *dst, const char *src) {
  char *save = dst; size_t vl; long first;
  do {
    vuint8m4_t v = __riscv_vle8ff_v_u8m4((const uint8_t *)src, &vl, -1);
    vbool2_t z = __riscv_vmseq_vx_u8m4_b2(v, 0, vl);
    first = __riscv_vfirst_m_b2(z, vl);
    vbool2_t m = __riscv_vmsif_m_b2(z, vl);
    __riscv_vse8_v_u8m4_m(m, (uint8_t *)dst, v, vl);
    src += vl; dst += vl;
  } while (first < 0);
  return save;
}
int strcmp_vec(const char *a, const char *b) {
  for (size_t vl, vl2;;) {
    vuint8m2_t x = __riscv_vle8ff_v_u8m2((const uint8_t *)a, &vl, __riscv_vsetvlmax_e8m2());
    vuint8m2_t y = __riscv_vle8ff_v_u8m2((const uint8_t *)b, &vl2, vl);
    vbool4_t stop = __riscv_vmor_mm_b4(__riscv_vmsne_vv_u8m2_b4(x, y, vl2), __riscv_vmseq_vx_u8m2_b4(x, 0, vl2), vl2);
    long f = __riscv_vfirst_m_b4(stop, vl2);
    if (f >= 0) return (unsigned char)a[f] - (unsigned char)b[f];
    a += vl2; b += vl2;
  }
}
void *memcpy_vec(void *d, const void *s, size_t n) {
  unsigned char *dst = d; const unsigned char *src = s;
  for (size_t vl; n > 0; n -= vl, src += vl, dst += vl) {
    vl = __riscv_vsetvl_e8m8(n);
    __riscv_vse8_v_u8m8(dst, __riscv_vle8_v_u8m8(src, vl), vl);
  }
  return d;
}
const char *strstr_vec(const char *h, size_t n, const char *needle, size_t k) {
  if (k > n) return NULL;
  size_t last = n - k + 1;
  for (size_t i = 0, vl; i < last; i += vl) {
    vl = __riscv_vsetvl_e8m2(last - i);
    vbool4_t m = __riscv_vmset_m_b4(vl);
    for (size_t j = 0; j < k; ++j) {
      m = __riscv_vmand(m, __riscv_vmseq(__riscv_vle8_v_i8m2((const signed char *)h + i + j, vl), (int8_t)needle[j], vl), vl);
      if (__riscv_vfirst(m, vl) < 0) break;
    }
    long f = __riscv_vfirst_m_b4(m, vl);
    if (f >= 0) return h + i + f;
  }
  return NULL;
}
int main() {
  size_t page = sysconf(_SC_PAGESIZE);
  char *two = mmap(0, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mprotect(two + page, page, PROT_NONE)) { perror("mprotect"); return 1; }
  int bad = 0;
  char out[600];
  for (int n = 0; n < 500; ++n) {
    char *s = two + page - n - 1;
    memset(s, 'a' + n % 26, n); s[n] = 0;
    if (strlen_vec(s) != strlen(s)) bad++;
    if (strcmp(strcpy_vec(out, s), s)) bad++;
    if (strcmp_vec(out, s) != 0) bad++;
    out[n / 2]++;
    if (n && strcmp_vec(out, s) <= 0) bad++;
    memcpy_vec(out, s, n + 1);
    if (memcmp(out, s, n + 1)) bad++;
  }
  const char *text = "the quick brown fox jumps over the lazy dog, then the quicker fox rests on the mat by the door";
  const char *words[] = {"fox", "quicker", "door", "cat", "t", "the lazy", "mat by"};
  for (int i = 0; i < 7; ++i) if (strstr_vec(text, strlen(text), words[i], strlen(words[i])) != strstr(text, words[i])) bad++;
  puts(bad ? "FAILED" : "PASSED");
  return bad;
}

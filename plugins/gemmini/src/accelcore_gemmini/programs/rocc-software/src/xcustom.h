/* RoCC instructions reach the simulator instead of an accelerator. */
#ifndef ACCELCORE_XCUSTOM_H
#define ACCELCORE_XCUSTOM_H

#include <stdint.h>

extern void gemmini_host_command(uint32_t funct, uint64_t rs1, uint64_t rs2, int32_t line);
extern void gemmini_host_fence(int32_t line);
extern uint64_t gemmini_host_cycles(void);

#define GEMMINI_SMALL static inline __attribute__((always_inline))

/* Basic blocks of the host are counted here, where a call is cheap.  GEMMINI_PLANNING marks what a library does once before
 * the array starts: the choice of tiles, which the calibrated cycles do not have. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define GEMMINI_PLANNING __attribute__((no_sanitize_coverage, noinline))
__attribute__((weak)) uint64_t gemmini_host_blocks;
__attribute__((weak, no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void) { gemmini_host_blocks++; }
#else
#define GEMMINI_PLANNING
#endif

/* The line of the program's own file; 0 inside headers. */
#define GEMMINI_LINE (__INCLUDE_LEVEL__ ? 0 : __LINE__)

#define ROCC_INSTRUCTION_0_R_R(x, rs1, rs2, funct) \
    { gemmini_host_command((uint32_t)(funct), (uint64_t)(rs1), (uint64_t)(rs2), GEMMINI_LINE); }
#define ROCC_INSTRUCTION_SS(x, rs1, rs2, funct) ROCC_INSTRUCTION_0_R_R(x, rs1, rs2, funct)
#define ROCC_INSTRUCTION_S(x, rs1, funct) ROCC_INSTRUCTION_0_R_R(x, rs1, 0, funct)
#define ROCC_INSTRUCTION(x, funct) ROCC_INSTRUCTION_0_R_R(x, 0, 0, funct)
/* Only the counter command has a result: the clock stands for every event. */
#define ROCC_INSTRUCTION_R_R_R(x, rd, rs1, rs2, funct) \
    { gemmini_host_command((uint32_t)(funct), (uint64_t)(rs1), (uint64_t)(rs2), GEMMINI_LINE); rd = gemmini_host_cycles(); }
#define ROCC_INSTRUCTION_DSS(x, rd, rs1, rs2, funct) ROCC_INSTRUCTION_R_R_R(x, rd, rs1, rs2, funct)

#if defined(__x86_64__)
/* Raw assembly of programs: RISC-V's fence and rdcycle become calls, which keep every register; of the control registers the
 * counters are the clock, the number of the core is 0, and writes do nothing. */
__attribute__((weak)) uint64_t gemmini_asm_cycles;
__asm__(".macro fence args:vararg\n call gemmini_asm_fence@PLT\n .endm\n"
        ".macro fence.i args:vararg\n .endm\n"
        ".macro wfi\n .endm\n"
        ".macro rdcycle to\n call gemmini_asm_rdcycle@PLT\n mov gemmini_asm_cycles(%rip), \\to\n .endm\n"
        ".macro rdtime to\n rdcycle \\to\n .endm\n"
        ".macro rdinstret to\n rdcycle \\to\n .endm\n"
        ".macro csrr to, register\n .ifc \\register, mhartid\n mov $0, \\to\n .else\n rdcycle \\to\n .endif\n .endm\n"
        ".macro csrw args:vararg\n .endm\n .macro csrs args:vararg\n .endm\n .macro csrc args:vararg\n .endm\n"
        ".macro csrwi args:vararg\n .endm\n .macro csrsi args:vararg\n .endm\n .macro csrci args:vararg\n .endm\n");
#endif
#endif

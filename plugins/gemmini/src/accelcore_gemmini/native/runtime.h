/* What programs call: one accelerator a process, whose memory is the process's own. */
#ifndef ACCELCORE_GEMMINI_RUNTIME_H
#define ACCELCORE_GEMMINI_RUNTIME_H

#include <stdint.h>

void gemmini_host_command(uint32_t funct, uint64_t rs1, uint64_t rs2, int32_t line);
void gemmini_host_fence(int32_t line);
uint64_t gemmini_host_cycles(void);
uint64_t gemmini_host_counter(int32_t which);

#endif

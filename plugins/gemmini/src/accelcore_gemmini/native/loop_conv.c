#include "internal.h"
int gm_loop_conv(gm_machine *m, uint64_t rs1, uint64_t rs2) { (void)rs1; (void)rs2; return gm_fail(m, RULE_UNSUPPORTED, "loop_conv_ws"); }

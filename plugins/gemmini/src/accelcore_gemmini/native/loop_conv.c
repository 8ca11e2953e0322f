/* The hardware loop for convolutions: its registers are kept, running it is refused. */
#include "internal.h"

int gm_loop_conv(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    (void)rs1, (void)rs2;
    return gm_fail(m, RULE_UNSUPPORTED, "loop_conv_ws is not modelled: use the commands that it stands for");
}

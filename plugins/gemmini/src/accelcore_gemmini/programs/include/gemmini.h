/* Commands, and a library over them: products, sums, convolutions and norms of any size, and their plain forms. */
#ifndef ACCELCORE_GEMMINI_H
#define ACCELCORE_GEMMINI_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/gemmini_commands.h"
#include "include/gemmini_plain.h"
#include "include/gemmini_matmul.h"
#include "include/gemmini_elementwise.h"
#include "include/gemmini_conv_plain.h"
#include "include/gemmini_conv.h"
#include "include/gemmini_harness.h"
#endif

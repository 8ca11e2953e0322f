/* The model of time: a simulation, cycle by cycle, of queues, reservation station, controllers, ports and memory. */
#ifndef ACCELCORE_GEMMINI_TIMING_H
#define ACCELCORE_GEMMINI_TIMING_H

#include "machine.h"

/* Cycle in which a command is taken from the host, enters the reservation station, is issued to its controller, and is
 * reported complete. */
typedef struct { int64_t accept, alloc, issue, complete; } gm_times;

typedef struct gm_timing gm_timing;

gm_timing *gm_timing_new(const gm_config *config);
void gm_timing_free(gm_timing *timing);
/* Offer operations in order; times (may be NULL) is filled as they happen and must stay valid until gm_timing_drain. */
void gm_timing_offer(gm_timing *timing, const gm_op *op, gm_times *times);
/* Run until everything is idle; the cycle after the last busy one. */
int64_t gm_timing_drain(gm_timing *timing);
/* The host's clock: the cycle after the last accepted command. */
int64_t gm_timing_now(const gm_timing *timing);
/* Busy cycles of load, execute, store; bytes read and written; requests. */
void gm_timing_counters(const gm_timing *timing, int64_t out[16]);
/* Time a whole record: segments (start, end) between fences; returns their number. */
int64_t gm_timing_run(const gm_config *config, const gm_op *ops, int64_t count, gm_times *times, int64_t (*segments)[2],
                      int64_t max_segments, int64_t counters[16]);
#endif

/* The model of time: a simulation, cycle by cycle, of queues, reservation station, controllers, ports and memory. */
#ifndef ACCELCORE_GEMMINI_TIMING_H
#define ACCELCORE_GEMMINI_TIMING_H

#include "machine.h"

/* Cycle in which a command is taken from the host, enters the reservation station, is issued to its controller, and is
 * reported complete; -1 where that never happens. */
typedef struct { int64_t accept, alloc, issue, complete; } gm_times;

/* What is counted, in cycles unless said otherwise. */
enum {
    GM_LOAD_BUSY, GM_EXECUTE_BUSY, GM_STORE_BUSY, GM_READ_BYTES, GM_WRITE_BYTES, GM_READ_REQUESTS, GM_WRITE_REQUESTS,
    GM_OVERLAPPED,                                         /* two or more of load, execute and store were busy */
    GM_LOAD_FULL, GM_EXECUTE_FULL, GM_STORE_FULL,          /* the host waits for a partition of the station */
    GM_LOAD_WAITS, GM_EXECUTE_WAITS_LOAD, GM_EXECUTE_WAITS_STORE, GM_STORE_WAITS, /* the next command has a hazard */
    GM_BANK_CONFLICT,                                      /* a row of the array waits for a scratchpad bank */
    GM_IN_FLIGHT,                                          /* a read waits for one of the outstanding requests */
    GM_CHANNEL,                                            /* a read waits for a write on the request channel */
    GM_SMALL_REQUESTS,                                     /* requests smaller than the largest (a number) */
    GM_COUNTERS
};

enum { GM_NO_MEMORY = -1, GM_STUCK = -2, GM_TOO_LONG = -3 };

/* Time a whole record: fills segments (start, end) between fences, one gm_times an operation (times may be NULL) and
 * the counters; returns the number of segments, GM_NO_MEMORY, GM_STUCK when the commands wait for one another, or
 * GM_TOO_LONG when `seconds` (0: no limit) were not enough. */
int64_t gm_timing_run(const gm_config *config, const gm_op *ops, int64_t count, gm_times *times, int64_t (*segments)[2],
                      int64_t max_segments, int64_t counters[GM_COUNTERS], double seconds);
#endif

/* State of the model of time, by unit.  The constants were fitted to command traces of the generated RTL. */
#ifndef ACCELCORE_GEMMINI_TIMING_STATE_H
#define ACCELCORE_GEMMINI_TIMING_STATE_H

#include "timing.h"

enum {
    ENTRIES = 64, FRONT = 8, RING = 4096, PENDING = 64, REQUESTS = 16, MAX_BANKS = 8, RESULTS = 128,
    FRONT_LATENCY = 4,   /* from acceptance to the reservation station */
    EXECUTE_QUEUE = 10,  /* issued commands that the execute controller holds */
    POP_LATENCY = 3,     /* from the last cycle of a step to the reuse of its place in that queue */
    DISPATCH = 2,        /* from issue to the first row of a load or store */
    DMA_LATENCY = 5,     /* from a dispatched row to its first request */
    WRITE_LATENCY = 5,   /* from a beat to the local memory's port */
    WRITE_DONE = 2,      /* from that write to completion */
    SCALE_BEAT = 4,      /* cycles of the load scaler for one block row */
    SCALE_LATENCY = 10,  /* from its last cycle to the local memory's port */
    ZERO_LATENCY = 1,    /* from a dispatched row of zeros to its first write */
    RESULT_LATENCY = 37, /* from a fed row to its result at the local memory */
    RESULT_DONE = 2,
    STORE_DEPTH = 7,     /* blocks between the local memory and the write queue */
    STORE_LATENCY = 7,
    SCALE_UNITS = 3, SCALE_CYCLES = 5,
    ACK_DONE = 8,        /* from the acknowledge to the reuse of a write's place */
    ARRAY_DEPTH = 5, ARRAY_TIME = 37, /* matrices in the array, and cycles that each stays */
    CHAIN_PATIENCE = 400,/* after which a chain in the array no longer waits for the next one's first compute */
    LOOPS = 2, LOOP_LATENCY = 2,      /* from the run command at the unroller to its first operation */
    PATIENCE = 100000    /* cycles without progress after which the machine counts as stuck */
};
#define NEVER INT64_MAX

typedef struct { uint32_t low, high; int acc, write; } span;

/* An entry of the reservation station. */
typedef struct {
    const gm_op *op;
    gm_times *times;
    int valid, span_count;
    span spans[2];      /* local rows that it touches */
    uint64_t deps;      /* entries that it waits for, one bit each */
    int64_t seq, alloc, issue;
    int64_t left;       /* local writes that are still to come */
    int64_t complete;   /* known completion time, or NEVER */
} entry;

typedef struct { entry *item[ENTRIES]; int head, count; } fifo;

/* Commands between the host and the reservation station. */
typedef struct {
    const gm_op *op[FRONT];
    gm_times *times[FRONT];
    int64_t accept[FRONT], alloc[FRONT], accepted, allocated;
} front_queue;

typedef struct {
    entry e[ENTRIES];
    uint64_t in_use; /* entries, one bit each */
    int first[3], size[3], used[3], valid, scratchpad_results; /* the last: valid preloads whose C is in the scratchpad */
    int64_t seq, next_complete;
    fifo waiting[3]; /* entries that have not been issued, in order */
} station;

/* A hardware loop that is being unrolled: its recorded operations and how far each generator is. */
typedef struct {
    const gm_op *ops;
    gm_times *times;
    int64_t count, next[GM_LOOP_STREAMS], start;
    int sum, conv; /* residual addition; convolution, whose generators wait for whole stages */
} loop;

typedef struct { entry *e; uint64_t address; int64_t bytes, ready; int repeat; } dma_row;
typedef struct { entry *e; int beats_left, units, bubble; int64_t free_at; } request;
typedef struct { int64_t ready; int acknowledge, request; } response;
typedef struct { entry *e; int acc; uint32_t row; int64_t ready; int request, count; } local_write;

typedef struct {
    fifo queue;
    entry *now;                    /* the command whose rows are being dispatched */
    int row, in_flight;
    int64_t next, first, room_at;  /* earliest next row; when `now` began; when a third command may begin */
    dma_row rows[PENDING];
    int row_head, row_count;
    request requests[REQUESTS];
    uint32_t unused;               /* requests without an answer to come, one bit each */
    response ring[RING];
    int ring_head, ring_count;
    int64_t resume;                /* no response before it */
    local_write writes[PENDING];
    int write_head, write_count;
    int64_t scale_free;
    entry *zero;
    int zero_left;
    uint32_t zero_row;
    int64_t zero_ready;
} load_unit;

typedef struct { int spad, acc, accumulate; } result_write; /* banks, one bit each */

typedef struct {
    fifo queue;
    int64_t pops[ENTRIES];
    int pop_head, pop_count;
    int active, fed, feed_rows, feed_wait;
    entry *compute, *preload;      /* of the current step */
    int banks[3], rows[3];         /* that step's reads of A, D (or B) and B: banks, one bit each, and how many rows */
    entry *loaded;                 /* preload whose compute comes next */
    entry *flushing;               /* output stationary: a chain whose result is still in the array */
    int64_t starts[ARRAY_DEPTH], drained;
    result_write results[RESULTS]; /* by the cycle in which they arrive */
} array_unit;

typedef struct { entry *e; int64_t ready; int last_of_row; int64_t bytes; uint64_t address; } block;

typedef struct {
    fifo queue;
    entry *now;
    int row, block;
    int64_t next;
    block blocks[PENDING];
    int block_head, block_count;
    int64_t scale_slot[SCALE_UNITS];
    int scale_at, beats_to_send, in_flight;
    int64_t acknowledged[PENDING];
    int acknowledged_head, acknowledged_count;
} store_unit;

/* Ports used in this cycle: banks, one bit each, and the request channel (1: by a write, 2: by a read). */
typedef struct { int spad, acc_write, acc_read, channel; } ports;

typedef struct {
    gm_config c;
    int bank_shift[2]; /* rows of a bank, as a power of two: of the scratchpad, of the accumulator */
    int64_t t, host, last_busy; /* now; earliest next offer of the host; last cycle in which something ended */
    /* Skipping: whether anything changed in this cycle; when something that waits for its time will; no skip beyond. */
    int moved;
    int64_t wake, until;
    int stuck, late;   /* no progress; its time was over */
    double deadline;   /* of the simulation itself, in seconds of the wall clock; 0: none */
    int64_t ticks;
    front_queue front;
    station station;
    loop loops[LOOPS];
    int loop_count;
    load_unit load;
    array_unit array;
    store_unit store;
    ports ports;
    int64_t counters[GM_COUNTERS];
} clockwork;

/* Whether it is too early for something that happens at `at` or later; if so, that time will not be skipped. */
static inline int early(clockwork *s, int64_t at) {
    if (s->t >= at) return 0;
    if (at < s->wake) s->wake = at;
    return 1;
}

/* Something lost a port or changed in this cycle: the next one has to be simulated. */
static inline void moved(clockwork *s) { s->moved = 1; }

static inline void push(fifo *q, entry *e) { q->item[(q->head + q->count++) % ENTRIES] = e; }
static inline entry *peek(const fifo *q, int at) { return at < q->count ? q->item[(q->head + at) % ENTRIES] : 0; }
static inline void pop(fifo *q) { q->head = (q->head + 1) % ENTRIES, q->count--; }

static inline int bank_of(const clockwork *s, int acc, uint32_t row) {
    return (int)(row >> s->bank_shift[acc != 0]);
}

static inline int blocks_of(const clockwork *s, const gm_op *op) { return (op->cols + s->c.dim - 1) / s->c.dim; }

/* station.c */
void gm_enter(clockwork *s, entry *e, const gm_op *op, gm_times *times);
entry *gm_free_entry(clockwork *s, int queue);
void gm_complete_at(clockwork *s, entry *e, int64_t t);
void gm_complete_due(clockwork *s);
void gm_issue(clockwork *s);
void gm_allocate(clockwork *s);
/* unroll.c */
void gm_unroll(clockwork *s);
void gm_begin_loop(clockwork *s, const gm_op *run, gm_times *times);
/* load_unit.c */
void gm_load_dispatch(clockwork *s);
void gm_read_request(clockwork *s);
void gm_take_response(clockwork *s);
void gm_local_writes(clockwork *s);
int gm_packet(const clockwork *s, uint64_t address, int64_t bytes, int64_t *covered);
void gm_respond_at(clockwork *s, int64_t ready, int acknowledge, int request);
/* array_unit.c */
void gm_array(clockwork *s);
/* store_unit.c */
void gm_store_dispatch(clockwork *s);
void gm_write_request(clockwork *s);
#endif

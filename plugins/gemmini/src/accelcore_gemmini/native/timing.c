/* See timing.h.  One call of `tick` is one cycle.
 *
 * Order inside a cycle: stores dispatch, issue, allocation, acceptance see the state that earlier cycles left; then the
 * units advance, and what completes in this cycle frees its entry for the next one.
 */
#include <stdlib.h>
#include <string.h>

#include "timing.h"

enum {
    ENTRIES = 64, QUEUE = 8, RING = 4096, PENDING = 64, XACTS = 16,
    FRONT_LATENCY = 4,   /* from acceptance to the reservation station */
    EXECUTE_QUEUE = 10,  /* issued commands that the execute controller holds */
    POP_LATENCY = 3,     /* from the last cycle of a step to the reuse of its place in that queue */
    DISPATCH = 2,        /* from issue to the first row of a load or store */
    DMA_LATENCY = 5,     /* from a dispatched row to its first request */
    WRITE_LATENCY = 5,   /* from a beat to the local memory's port */
    WRITE_DONE = 2,      /* from that write to completion */
    ZERO_LATENCY = 1,    /* from a dispatched row of zeros to its first write */
    RESULT_LATENCY = 37, /* from a fed row to its result at the local memory */
    RESULT_DONE = 2,
    STORE_DEPTH = 7,     /* blocks between the local memory and the write queue */
    STORE_LATENCY = 7,
    SCALE_UNITS = 3, SCALE_CYCLES = 5,
    ACK_DONE = 8,        /* from the acknowledge to the reuse of a write's place */
    ARRAY_DEPTH = 5, ARRAY_TIME = 37,
    LOOPS = 2, LOOP_LATENCY = 2 /* from the run command at the unroller to its first operation */
};

typedef struct {
    const gm_op *op;
    gm_times *times;
    int valid, issued;
    uint64_t deps;
    int64_t seq, alloc, issue;
    int64_t left; /* local writes or rows that are still to come */
    int dispatched; /* all rows have been dispatched */
    int64_t complete; /* known completion time, or -1 */
} entry;

typedef struct { uint32_t low, high; int acc, write; } span;

/* A hardware loop that is being unrolled: its recorded operations and how far each generator is. */
typedef struct {
    const gm_op *ops;
    gm_times *times;
    int64_t count, next[GM_LOOP_STREAMS], start;
    int sum; /* residual addition */
} loop;

typedef struct { entry *e; uint64_t address; int64_t bytes; int64_t ready; int repeat; } dma_row;
typedef struct { int used; entry *e; int beats_left, units, last; int64_t free_at; } xact;
typedef struct { int64_t ready; int ack; int xact; } response;
typedef struct { entry *e; int acc; uint32_t row; int64_t ready; int xact, count; } local_write;
typedef struct { int spad, acc, accumulate; } result_write;
typedef struct { entry *e; int64_t ready; int last_of_row; int64_t bytes; uint64_t address; } block;

struct gm_timing {
    gm_config c;
    int64_t t, host, seq, last_busy;
    entry e[ENTRIES];
    int first[3], size[3];
    /* front */
    const gm_op *front[QUEUE];
    gm_times *front_times[QUEUE];
    int64_t front_accept[QUEUE], allocs[QUEUE], accepted, allocated;
    loop loops[LOOPS];
    int loop_count;
    /* load */
    entry *lq[ENTRIES];
    int lq_head, lq_count;
    entry *load_now;
    int load_row;
    int64_t load_next, load_first;
    int load_inflight;
    int64_t load_room_at;
    dma_row dma[PENDING];
    int dma_head, dma_count;
    xact x[XACTS];
    response ring[RING];
    int ring_head, ring_count;
    int64_t ring_last;
    local_write lw[PENDING];
    int lw_head, lw_count;
    int64_t scale_free;
    entry *zero_e;
    int zero_left;
    uint32_t zero_row;
    int zero_block;
    int64_t zero_ready;
    /* execute */
    entry *xq[ENTRIES];
    int xq_head, xq_count;
    int64_t pops[ENTRIES];
    int pops_head, pops_count;
    int active, fed, feed_rows;
    entry *step_compute, *step_preload, *owner;
    entry *loaded; /* preload whose compute comes next */
    int64_t step_start, starts[ARRAY_DEPTH];
    int start_count;
    result_write results[128];
    int64_t drained;
    int feed_wait;
    entry *os_pending;
    /* store */
    entry *sq[ENTRIES];
    int sq_head, sq_count;
    entry *store_now;
    int store_row, store_block;
    int64_t store_next;
    block blocks[PENDING];
    int block_head, block_count;
    int64_t scale_slot[SCALE_UNITS];
    int scale_at;
    int64_t writer_free;
    int beats_to_send;
    int writes_inflight;
    int64_t write_free[64];
    int write_free_head, write_free_count;
    /* ports used in this cycle */
    int spad_used, acc_write_used, acc_read_used, channel_used;
    int64_t counters[16];
};

gm_timing *gm_timing_new(const gm_config *config) {
    gm_timing *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->c = *config;
    s->size[GM_LOAD] = config->rs_load, s->size[GM_EXECUTE] = config->rs_execute, s->size[GM_STORE] = config->rs_store;
    s->first[GM_EXECUTE] = config->rs_load, s->first[GM_STORE] = config->rs_load + config->rs_execute;
    for (int i = 0; i < QUEUE; i++) s->allocs[i] = -1000;
    for (int i = 0; i < ARRAY_DEPTH; i++) s->starts[i] = -1000;
    s->drained = -1000, s->last_busy = -1;
    return s;
}

void gm_timing_free(gm_timing *s) { free(s); }

int64_t gm_timing_now(const gm_timing *s) { return s->host; }

/* Local rows that an operation touches. */
static int spans(const gm_timing *s, const gm_op *op, span out[2]) {
    int dim = s->c.dim, n = 0, blocks = (op->cols + dim - 1) / dim;
    if (op->kind == GM_MVIN && op->rows > 0)
        out[n++] = (span){op->local, op->local + (uint32_t)((blocks - 1) * op->block_stride + op->rows), op->flags & GM_ACC, 1};
    else if (op->kind == GM_MVOUT)
        out[n++] = (span){op->local, op->local + (uint32_t)((blocks - 1) * dim + (op->rows ? op->rows : 1)), op->flags & GM_ACC, 0};
    else if (op->kind == GM_PRELOAD) {
        if (op->local != GM_GARBAGE && op->rows2) out[n++] = (span){op->local, op->local + (uint32_t)op->rows2, 0, 0};
        if (op->second != GM_GARBAGE && op->rows)
            out[n++] = (span){op->second, op->second + (uint32_t)((op->rows - 1) * op->c_stride + 1), op->flags & GM_ACC, 1};
    } else if (op->kind == GM_COMPUTE) {
        int rows = op->flags & GM_TRANSPOSE_A ? op->cols : op->rows;
        if (op->local != GM_GARBAGE && rows) out[n++] = (span){op->local, op->local + (uint32_t)((rows - 1) * op->a_stride + 1), 0, 0};
        if (op->second != GM_GARBAGE && op->rows2) out[n++] = (span){op->second, op->second + (uint32_t)op->rows2, 0, 0};
    }
    return n;
}

static int depends(const gm_timing *s, const gm_op *a, const gm_op *b) {
    span x[2], y[2];
    int n = spans(s, a, x), m = spans(s, b, y);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            if (!x[i].acc == !y[j].acc && (x[i].write || y[j].write) && x[i].low < y[j].high && y[j].low < x[i].high) return 1;
    return 0;
}

static void complete(gm_timing *s, entry *e) {
    uint64_t bit = 1ull << (e - s->e);
    e->valid = 0;
    if (e->times) e->times->complete = s->t;
    for (int i = 0; i < s->first[2] + s->size[2]; i++) s->e[i].deps &= ~bit;
    s->last_busy = s->t;
}

/* Marks an entry to complete at a later cycle. */
static void complete_at(entry *e, int64_t t) { e->complete = t; }

static entry *free_entry(gm_timing *s, int queue) {
    for (int i = 0; i < s->size[queue]; i++)
        if (!s->e[s->first[queue] + i].valid) return &s->e[s->first[queue] + i];
    return NULL;
}

static void enter(gm_timing *s, entry *e, const gm_op *op, gm_times *times) {
    *e = (entry){.op = op, .times = times, .valid = 1, .seq = s->seq++, .alloc = s->t, .complete = -1};
    for (int i = 0; i < s->first[2] + s->size[2]; i++) {
        entry *o = &s->e[i];
        if (o != e && o->valid && o->op->queue != op->queue && depends(s, op, o->op)) e->deps |= 1ull << i;
    }
    if (times) times->alloc = s->t;
}

/* The next operation of a generator in one loop; NULL when it has made them all. */
static const gm_op *upcoming(const loop *l, int stream) {
    return l->next[stream] < l->count ? &l->ops[l->next[stream]] : NULL;
}

static void skip(loop *l, int stream) {
    while (l->next[stream] < l->count && l->ops[l->next[stream]].stream != stream) l->next[stream]++;
}

static int loads_made(const loop *l, const gm_op *x) {
    const gm_op *a = upcoming(l, GM_LOOP_A), *b = upcoming(l, GM_LOOP_B);
    if (upcoming(l, GM_LOOP_D)) return 0;
    if (a && !(a->k > x->k || (a->k == x->k && a->i > x->i))) return 0;
    return !b || b->k > x->k || (b->k == x->k && b->j > x->j);
}

static int result_made(const loop *l, const gm_op *c) {
    const gm_op *x = upcoming(l, l->sum ? GM_LOOP_B : GM_LOOP_X);
    if (!x) return 1;
    if (l->sum) return x->j > c->j || x->i > c->i;
    return x->k == c->k && (x->j > c->j || (x->j == c->j && x->i > c->i));
}

/* The loop on which a generator works: the oldest in which it has something left. */
static loop *at_work(gm_timing *s, int stream) {
    for (int i = 0; i < s->loop_count; i++)
        if (upcoming(&s->loops[i], stream)) return &s->loops[i];
    return NULL;
}

/* A leads where both are at one k, but B makes the first load of a loop; an older loop goes first. */
static int leading_load(gm_timing *s) {
    loop *a = at_work(s, GM_LOOP_A), *b = at_work(s, GM_LOOP_B);
    if (!a || !b) return a ? GM_LOOP_A : GM_LOOP_B;
    if (a != b) return a < b ? GM_LOOP_A : GM_LOOP_B;
    if (a->sum) return GM_LOOP_A;
    const gm_op *next_a = upcoming(a, GM_LOOP_A), *next_b = upcoming(b, GM_LOOP_B);
    int b_started = next_b->k || next_b->j;
    return b_started && next_a->k <= next_b->k ? GM_LOOP_A : GM_LOOP_B;
}

static int unroll_one(gm_timing *s, int stream) {
    loop *l = at_work(s, stream);
    if (!l || s->t < l->start) return 0;
    const gm_op *op = upcoming(l, stream);
    if (stream == GM_LOOP_X && !loads_made(l, op)) return 0;
    if (stream == GM_LOOP_C && !result_made(l, op)) return 0;
    entry *e = free_entry(s, op->queue);
    if (!e) return 0;
    enter(s, e, op, l->times ? &l->times[op - l->ops] : NULL);
    l->next[stream]++;
    skip(l, stream);
    return 1;
}

static void unroll(gm_timing *s) {
    if (unroll_one(s, GM_LOOP_C) || unroll_one(s, GM_LOOP_X) || unroll_one(s, GM_LOOP_D)) {
    } else unroll_one(s, leading_load(s));
    while (s->loop_count) {
        for (int stream = 0; stream < GM_LOOP_STREAMS; stream++)
            if (upcoming(&s->loops[0], stream)) return;
        s->loops[0] = s->loops[1], s->loop_count--;
    }
}

static void begin_loop(gm_timing *s, const gm_op *run, gm_times *times) {
    loop *l = &s->loops[s->loop_count++];
    *l = (loop){.ops = run + 1, .times = times ? times + 1 : NULL, .count = run->rows, .start = s->t + LOOP_LATENCY,
                .sum = (run->flags & GM_SHRUNK) != 0};
    for (int stream = 0; stream < GM_LOOP_STREAMS; stream++) skip(l, stream);
}

static void allocate(gm_timing *s) {
    if (s->loop_count) unroll(s);
    if (s->allocated == s->accepted) return;
    int at = (int)(s->allocated % QUEUE);
    const gm_op *op = s->front[at];
    if (s->t < s->front_accept[at] + FRONT_LATENCY) return;
    if (op->kind == GM_LOOP_CONFIG || op->kind == GM_LOOP_RUN) {
        if (s->loop_count == LOOPS) return;
        if (op->kind == GM_LOOP_RUN) begin_loop(s, op, s->front_times[at]);
    } else {
        if (s->loop_count) return;
        if (op->queue != GM_NONE) {
            entry *e = free_entry(s, op->queue);
            if (!e) return;
            enter(s, e, op, s->front_times[at]);
        }
    }
    if (s->front_times[at]) s->front_times[at]->alloc = s->t;
    s->allocs[at] = s->t;
    s->allocated++;
}

static int unit_ready(const gm_timing *s, int queue) {
    if (queue == GM_LOAD) return s->lq_count < QUEUE;
    if (queue == GM_STORE) return s->sq_count < (s->c.ordered_stores ? 1 : 2);
    return s->xq_count + s->pops_count < EXECUTE_QUEUE;
}

static void issue(gm_timing *s) {
    for (int q = 0; q < 3; q++) {
        entry *e = NULL;
        for (int i = 0; i < s->size[q]; i++) {
            entry *o = &s->e[s->first[q] + i];
            if (o->valid && !o->issued && (!e || o->seq < e->seq)) e = o;
        }
        if (!e || e->deps || e->alloc >= s->t || !unit_ready(s, q)) continue;
        e->issued = 1, e->issue = s->t;
        if (e->times) e->times->issue = s->t;
        if (e->op->kind == GM_CONFIG_LD || e->op->kind == GM_CONFIG_ST || e->op->kind == GM_CONFIG_NORM) complete_at(e, s->t);
        else if (q == GM_LOAD) s->lq[(s->lq_head + s->lq_count++) % ENTRIES] = e;
        else if (q == GM_STORE) s->sq[(s->sq_head + s->sq_count++) % ENTRIES] = e;
        else s->xq[(s->xq_head + s->xq_count++) % ENTRIES] = e;
    }
}

/* ---- loads ---- */

static int bank_of(const gm_timing *s, int acc, uint32_t row) {
    return (int)(row / (uint32_t)(acc ? s->c.acc_rows / s->c.acc_banks : s->c.spad_rows / s->c.spad_banks));
}

/* A row of whole accumulators is one local write, whatever its beats; everything else is written block by block. */
static int whole_rows(const gm_op *op) { return op->flags & GM_ACC && !(op->flags & GM_SHRUNK) && !(op->flags & GM_ZEROS); }

static void load_dispatch(gm_timing *s) {
    if (!s->load_now) {
        if (!s->lq_count || s->load_inflight >= 2 || s->t < s->load_room_at) return;
        entry *e = s->lq[s->lq_head];
        if (s->t < e->issue + DISPATCH || s->t < s->load_next || s->t < s->load_first + 2) return;
        s->lq_head = (s->lq_head + 1) % ENTRIES, s->lq_count--;
        s->load_now = e, s->load_row = 0, s->load_inflight++, s->load_first = s->t;
        int blocks = (e->op->cols + s->c.dim - 1) / s->c.dim;
        e->left = (int64_t)e->op->rows * (whole_rows(e->op) ? 1 : blocks);
        if (!e->left) {
            e->dispatched = 1, s->load_now = NULL;
            complete_at(e, s->t + 1);
            return;
        }
    }
    entry *e = s->load_now;
    const gm_op *op = e->op;
    int repeat = op->stride == 0 && !(op->flags & GM_ZEROS);
    if (op->flags & GM_ZEROS) {
        if (s->zero_e) return;
        s->zero_e = e, s->zero_row = op->local + (uint32_t)s->load_row, s->zero_block = 0;
        s->zero_left = (op->cols + s->c.dim - 1) / s->c.dim;
        s->zero_ready = s->t + ZERO_LATENCY;
    } else {
        if (s->dma_count == PENDING) return;
        s->dma[(s->dma_head + s->dma_count++) % PENDING] = (dma_row){
            e, op->dram + (uint64_t)(s->load_row * op->stride), (int64_t)op->cols * op->element_bytes, s->t + DMA_LATENCY,
            repeat ? op->rows : 1};
    }
    s->load_row++;
    s->load_next = s->t + 1;
    if (s->load_row == op->rows || repeat) e->dispatched = 1, s->load_now = NULL;
}

/* The next packet of a row: the naturally aligned power of two that covers most, the smallest among equals. */
static int packet(const gm_timing *s, uint64_t address, int64_t bytes, int64_t *covered) {
    int best = 0;
    *covered = 0;
    for (int size = s->c.bus_bytes; size <= s->c.max_bytes; size *= 2) {
        int64_t reads = size - (int64_t)(address & (uint64_t)(size - 1));
        if (reads > bytes) reads = bytes;
        if (reads > *covered) *covered = reads, best = size;
    }
    return best;
}

static void respond_at(gm_timing *s, int64_t ready, int ack, int x) {
    s->ring[(s->ring_head + s->ring_count++) % RING] = (response){ready, ack, x};
}

static void dma_request(gm_timing *s) {
    if (!s->dma_count || s->channel_used || s->ring_count > RING - 8) return;
    dma_row *row = &s->dma[s->dma_head];
    if (s->t < row->ready) return;
    int free = -1;
    for (int i = 0; i < XACTS && free < 0; i++)
        if (!s->x[i].used && s->t >= s->x[i].free_at) free = i;
    if (free < 0) return;
    int64_t covered;
    int size = packet(s, row->address, row->bytes, &covered), beats = size / s->c.bus_bytes;
    int unit = whole_rows(row->e->op) ? 1 << 20 : s->c.dim; /* bytes of one local write */
    int64_t before = (int64_t)row->e->op->cols * row->e->op->element_bytes - row->bytes;
    row->address += (uint64_t)covered, row->bytes -= covered;
    int64_t after = before + covered;
    int units = (int)(after / unit - before / unit);
    if (!row->bytes && after % unit) units++;
    s->x[free] = (xact){1, row->e, beats, units * row->repeat, !row->bytes, 0};
    if (covered != size && size == s->c.max_bytes && beats > 1) s->ring_last++; /* a partial packet leaves a bubble */
    for (int b = 0; b < beats; b++) respond_at(s, s->t + s->c.latency + b, 0, free);
    s->channel_used = 1;
    s->counters[3] += size, s->counters[5]++;
    if (!row->bytes) s->dma_head = (s->dma_head + 1) % PENDING, s->dma_count--;
}

static void take_response(gm_timing *s) {
    if (!s->ring_count) return;
    response *r = &s->ring[s->ring_head];
    if (s->t < r->ready) return;
    if (r->ack) {
        s->write_free[(s->write_free_head + s->write_free_count++) % 64] = s->t + ACK_DONE;
    } else {
        if (s->lw_count > PENDING - 40) return; /* the merger is full: the channel waits */
        xact *x = &s->x[r->xact];
        const gm_op *op = x->e->op;
        x->beats_left--;
        int last = x->beats_left == 0, streams = !whole_rows(op) && x->units > 0 && op->stride != 0;
        int give = last ? x->units : streams;
        int repeats = op->stride == 0 ? op->rows : 1; /* one row of memory is written to every local row */
        give /= repeats;
        for (int u = 0; u < give; u++) {
            int64_t ready = s->t + (op->flags & GM_ACC && op->element_bytes == 4 ? WRITE_LATENCY - 2 : WRITE_LATENCY);
            if (op->flags & GM_SCALED && op->element_bytes == 1) {
                s->scale_free = (s->scale_free > s->t ? s->scale_free : s->t) + 4;
                ready = s->scale_free + 10;
            }
            s->lw[(s->lw_head + s->lw_count++) % PENDING] =
                (local_write){x->e, op->flags & GM_ACC, op->local, ready, last && u == give - 1 ? r->xact : -1, repeats};
        }
        x->units -= give * repeats;
        if (last && !give) x->used = 0, x->free_at = s->t + WRITE_LATENCY + WRITE_DONE;
    }
    s->ring_head = (s->ring_head + 1) % RING, s->ring_count--;
}

static void load_done_row(gm_timing *s, entry *e, int delay) {
    if (--e->left == 0) {
        complete_at(e, s->t + delay);
        s->load_inflight--;
        s->load_room_at = s->t + delay + 2;
    }
}

static int port_free(const gm_timing *s, int acc, int bank) {
    return acc ? !(s->acc_write_used >> bank & 1) : !(s->spad_used >> bank & 1);
}

static void take_port(gm_timing *s, int acc, int bank, int accumulate) {
    if (!acc) s->spad_used |= 1 << bank;
    else {
        s->acc_write_used |= 1 << bank;
        if (accumulate) s->acc_read_used |= 1 << bank;
    }
}

static void local_writes(gm_timing *s) {
    int wrote = 0;
    if (s->lw_count) {
        local_write *w = &s->lw[s->lw_head];
        int bank = bank_of(s, w->acc, w->row);
        if (s->t >= w->ready && port_free(s, w->acc, bank)) {
            take_port(s, w->acc, bank, w->e->op->flags & GM_ACCUMULATE);
            wrote = 1;
            if (--w->count) {
                load_done_row(s, w->e, WRITE_DONE);
                goto zeros;
            }
            if (w->xact >= 0) s->x[w->xact].used = 0, s->x[w->xact].free_at = s->t + WRITE_DONE;
            load_done_row(s, w->e, WRITE_DONE);
            s->lw_head = (s->lw_head + 1) % PENDING, s->lw_count--;
        }
    }
zeros:
    if (s->zero_e && s->t >= s->zero_ready) {
        int acc = s->zero_e->op->flags & GM_ACC, bank = bank_of(s, acc, s->zero_row);
        if (port_free(s, acc, bank) && !wrote) {
            take_port(s, acc, bank, s->zero_e->op->flags & GM_ACCUMULATE);
            entry *e = s->zero_e;
            if (--s->zero_left == 0) s->zero_e = NULL;
            load_done_row(s, e, 1);
        }
    }
}

/* ---- execute ---- */

static entry *queued(const gm_timing *s, int at) {
    if (at >= s->xq_count) return NULL;
    entry *e = s->xq[(s->xq_head + at) % ENTRIES];
    return e->issue < s->t ? e : NULL;
}

static void pop(gm_timing *s) {
    s->xq_head = (s->xq_head + 1) % ENTRIES, s->xq_count--;
    s->pops[(s->pops_head + s->pops_count++) % ENTRIES] = s->t + POP_LATENCY;
}

static int operand_rows(const gm_op *compute) { return compute->flags & GM_TRANSPOSE_A ? compute->cols : compute->rows; }

static void begin_step(gm_timing *s, entry *compute, entry *preload) {
    int dim = s->c.dim, rows = 0;
    const gm_op *op = compute ? compute->op : preload->op;
    int os = op->flags & GM_OS;
    if (compute) rows = operand_rows(compute->op) > 4 ? operand_rows(compute->op) : 4;
    if (os) rows = dim;
    if (preload) {
        int fresh = preload->op->local != GM_GARBAGE || os;
        if (fresh) rows = dim;
        else if (!compute) rows = 4;
        if (preload->op->flags & GM_TRANSPOSE_B && !os && fresh) rows = 2 * dim;
    }
    s->active = 1, s->fed = 0, s->feed_rows = rows, s->feed_wait = 0;
    s->step_compute = compute, s->step_preload = preload, s->step_start = s->t;
    if (compute) {
        memmove(s->starts, s->starts + 1, sizeof s->starts - sizeof s->starts[0]);
        s->starts[ARRAY_DEPTH - 1] = s->t;
    }
}

/* Whether the operands of a step wait for results of earlier steps that are still on their way to the scratchpad. */
static int reads_result(const gm_timing *s, const entry *reader) {
    span r[2], w[2];
    if (!reader) return 0;
    int n = spans(s, reader->op, r);
    for (int i = 0; i < s->size[GM_EXECUTE]; i++) {
        const entry *o = &s->e[s->first[GM_EXECUTE] + i];
        if (!o->valid || o == reader || o->seq >= reader->seq || (o == s->loaded && reader->op->kind == GM_COMPUTE) || o->op->kind != GM_PRELOAD || o->op->flags & GM_ACC) continue;
        int m = spans(s, o->op, w);
        for (int a = 0; a < n; a++)
            for (int b = 0; b < m; b++)
                if (w[b].write && !r[a].write && !r[a].acc && r[a].low < w[b].high && w[b].low < r[a].high) return 1;
    }
    return 0;
}

static void choose_step(gm_timing *s) {
    entry *a = queued(s, 0), *b = queued(s, 1), *c = queued(s, 2);
    if (!a) return;
    if (a->op->kind == GM_CONFIG_EX) {
        if (s->os_pending && !s->active) { begin_step(s, NULL, NULL); return; }
        if (s->drained >= s->t || a->issue + 2 > s->t || s->t < s->drained + 3) return;
        complete_at(a, s->t);
        pop(s);
        return;
    }
    if (a->op->kind == GM_PRELOAD) {
        if (!b || reads_result(s, a)) return;
        begin_step(s, NULL, a);
        return;
    }
    if (s->t < s->starts[0] + ARRAY_TIME || reads_result(s, a)) return;
    int fuse = b && b->op->kind == GM_PRELOAD && c && !reads_result(s, b);
    begin_step(s, a, fuse ? b : NULL);
}

/* Ports that feeding the next row needs; the number of cycles that it takes. */
static int row_conflicts(const gm_timing *s, int *mask) {
    int use[8] = {0}, most = 1;
    const gm_op *c = s->step_compute ? s->step_compute->op : NULL, *p = s->step_preload ? s->step_preload->op : NULL;
    *mask = 0;
    if (c && c->local != GM_GARBAGE && s->fed < operand_rows(c)) use[bank_of(s, 0, c->local)]++;
    if (c && c->second != GM_GARBAGE && s->fed < c->rows2) use[bank_of(s, 0, c->second)]++;
    if (p && p->local != GM_GARBAGE && s->fed < s->c.dim) use[bank_of(s, 0, p->local)]++;
    for (int i = 0; i < s->c.spad_banks; i++) {
        if (use[i]) *mask |= 1 << i;
        if (use[i] > most) most = use[i];
    }
    return most;
}

static void schedule_result(gm_timing *s, const entry *owner, int row, int64_t at) {
    const gm_op *p = owner->op;
    if (p->second == GM_GARBAGE || row >= p->rows) return;
    result_write *w = &s->results[at & 127];
    uint32_t to = p->second + (uint32_t)(row * p->c_stride);
    if (p->flags & GM_ACC) w->acc |= 1 << bank_of(s, 1, to), w->accumulate |= (p->flags & GM_ACCUMULATE) != 0;
    else w->spad |= 1 << bank_of(s, 0, to);
}

static void end_step(gm_timing *s) {
    entry *c = s->step_compute, *p = s->step_preload;
    s->active = 0;
    if (s->os_pending) {
        complete_at(s->os_pending, s->t + RESULT_LATENCY + RESULT_DONE);
        s->drained = s->t + RESULT_LATENCY + RESULT_DONE;
        s->os_pending = NULL;
    }
    if (c) {
        entry *owner = s->loaded;
        complete_at(c, s->t + 2);
        pop(s);
        if (owner) {
            int os = owner->op->flags & GM_OS;
            if (owner->op->second == GM_GARBAGE) complete_at(owner, s->t + 3);
            else if (os) s->os_pending = owner;
            else complete_at(owner, s->t + RESULT_LATENCY + RESULT_DONE), s->drained = s->t + RESULT_LATENCY + RESULT_DONE;
        }
        s->loaded = NULL;
    }
    if (p) pop(s), s->loaded = p;
}

static void execute(gm_timing *s) {
    while (s->pops_count && s->pops[s->pops_head] <= s->t) s->pops_head = (s->pops_head + 1) % ENTRIES, s->pops_count--;
    if (!s->active) choose_step(s);
    if (!s->active) {
        if (s->os_pending && !s->xq_count) begin_step(s, NULL, NULL), s->feed_rows = s->c.dim;
        else return;
    }
    if (!s->feed_rows) s->feed_rows = s->c.dim;
    s->counters[1]++;
    int mask, cycles = row_conflicts(s, &mask);
    if (mask & s->spad_used) return;
    s->spad_used |= mask;
    if (++s->feed_wait < cycles) return;
    s->feed_wait = 0;
    if (s->step_compute && s->loaded && !(s->loaded->op->flags & GM_OS)) schedule_result(s, s->loaded, s->fed, s->t + RESULT_LATENCY);
    if (s->os_pending) schedule_result(s, s->os_pending, s->fed, s->t + RESULT_LATENCY);
    if (++s->fed == s->feed_rows) end_step(s);
}

/* ---- stores ---- */

static void store_dispatch(gm_timing *s) {
    if (!s->store_now) {
        if (!s->sq_count) return;
        entry *e = s->sq[s->sq_head];
        if (s->t < e->issue + DISPATCH || s->t < s->store_next) return;
        s->store_now = e, s->store_row = s->store_block = 0;
    }
    entry *e = s->store_now;
    const gm_op *op = e->op;
    int dim = s->c.dim, blocks = op->cols ? (op->cols + dim - 1) / dim : 1, acc = op->flags & GM_ACC;
    int bank = bank_of(s, acc, op->local);
    if (s->block_count >= STORE_DEPTH) return;
    if (acc ? s->acc_read_used >> bank & 1 : s->spad_used >> bank & 1) return;
    if (!acc) s->spad_used |= 1 << bank;
    int64_t ready = s->t + (acc ? STORE_LATENCY : STORE_LATENCY - 1);
    if (acc && !(op->flags & GM_FULL)) {
        int64_t start = s->t + 2 > s->scale_slot[s->scale_at] ? s->t + 2 : s->scale_slot[s->scale_at];
        s->scale_slot[s->scale_at] = start + SCALE_CYCLES, s->scale_at = (s->scale_at + 1) % SCALE_UNITS;
        ready = start + SCALE_CYCLES;
    }
    s->blocks[(s->block_head + s->block_count++) % PENDING] = (block){
        e, ready, s->store_block == blocks - 1, (int64_t)op->cols * op->element_bytes,
        op->dram + (uint64_t)(s->store_row * op->stride)};
    s->store_next = s->t + 1;
    if (++s->store_block == blocks) s->store_block = 0, s->store_row++;
    if (s->store_row >= op->rows) {
        complete_at(e, s->t + 1);
        s->store_now = NULL;
        s->sq_head = (s->sq_head + 1) % ENTRIES, s->sq_count--;
    }
}

static void writer(gm_timing *s) {
    while (s->write_free_count && s->write_free[s->write_free_head] <= s->t)
        s->write_free_head = (s->write_free_head + 1) % 64, s->write_free_count--, s->writes_inflight--, s->last_busy = s->t;
    if (s->beats_to_send) {
        if (s->channel_used) return;
        s->channel_used = 1;
        if (--s->beats_to_send == 0) respond_at(s, s->t + s->c.latency, 1, 0);
        return;
    }
    if (!s->block_count || s->writes_inflight >= 16) return;
    block *b = &s->blocks[s->block_head];
    if (s->t < b->ready) return;
    if (b->last_of_row) {
        if (s->channel_used) return;
        int64_t covered;
        int size = packet(s, b->address, b->bytes, &covered), beats = size / s->c.bus_bytes;
        s->counters[4] += size, s->counters[6]++;
        s->writes_inflight++;
        s->channel_used = 1;
        s->beats_to_send = beats - 1;
        if (!s->beats_to_send) respond_at(s, s->t + s->c.latency, 1, 0);
        b->address += (uint64_t)covered, b->bytes -= covered;
        if (b->bytes > 0) return;
    }
    s->block_head = (s->block_head + 1) % PENDING, s->block_count--;
}

/* ---- the clock ---- */

static int busy(const gm_timing *s) {
    if (s->allocated != s->accepted || s->loop_count || s->ring_count || s->block_count || s->writes_inflight || s->os_pending) return 1;
    for (int i = 0; i < s->first[2] + s->size[2]; i++)
        if (s->e[i].valid) return 1;
    return 0;
}

static void tick(gm_timing *s) {
    result_write *r = &s->results[s->t & 127];
    s->spad_used = r->spad, s->acc_write_used = r->acc, s->acc_read_used = r->accumulate ? r->acc : 0;
    s->channel_used = 0;
    *r = (result_write){0, 0, 0};
    take_response(s);
    local_writes(s);
    execute(s);
    store_dispatch(s);
    issue(s);
    allocate(s);
    load_dispatch(s);
    writer(s);
    dma_request(s);
    for (int i = 0; i < s->first[2] + s->size[2]; i++)
        if (s->e[i].valid && s->e[i].complete >= 0 && s->e[i].complete <= s->t) complete(s, &s->e[i]);
    s->t++;
}

void gm_timing_offer(gm_timing *s, const gm_op *op, gm_times *times) {
    s->host += op->host_gap;
    int at = (int)(s->accepted % QUEUE);
    while ((s->t < s->host || s->accepted - s->allocated >= QUEUE || s->t < s->allocs[at] + FRONT_LATENCY) && s->t < s->last_busy + 100000) tick(s);
    s->front[at] = op, s->front_times[at] = times, s->front_accept[at] = s->t;
    if (times) *times = (gm_times){s->t, -1, -1, -1};
    s->accepted++;
    s->host = s->t + s->c.host_issue;
}

int64_t gm_timing_drain(gm_timing *s) {
    while (busy(s)) { tick(s); if (s->t > s->last_busy + 100000) return s->last_busy + 1; }
    return s->last_busy + 1;
}

void gm_timing_counters(const gm_timing *s, int64_t out[16]) { memcpy(out, s->counters, sizeof s->counters); }

int64_t gm_timing_run(const gm_config *config, const gm_op *ops, int64_t count, gm_times *times, int64_t (*segments)[2],
                      int64_t max_segments, int64_t counters[16]) {
    enum { FENCE_IDLE = 12 };
    gm_timing *s = gm_timing_new(config);
    if (!s) return -1;
    int64_t made = 0, start = 0;
    int open = 0;
    for (int64_t i = 0; i < count; i++) {
        if (ops[i].kind == GM_FENCE) {
            int64_t end = gm_timing_drain(s);
            if (open && made < max_segments) segments[made][0] = start, segments[made][1] = end, made++;
            while (s->t < end + FENCE_IDLE) tick(s);
            s->host = s->t, open = 0;
            continue;
        }
        if (!open) start = s->t > s->host ? s->t : s->host, open = 1;
        gm_timing_offer(s, &ops[i], times ? &times[i] : NULL);
        if (ops[i].kind == GM_LOOP_RUN) i += ops[i].rows; /* the unroller makes these */
    }
    int64_t end = gm_timing_drain(s);
    if (open && made < max_segments) segments[made][0] = start, segments[made][1] = end, made++;
    gm_timing_counters(s, counters);
    gm_timing_free(s);
    return made;
}

/* Loads: rows are dispatched, split into requests, answered beat by beat, and written to a bank of a local memory. */
#include "timing_state.h"

/* A row of whole accumulators is one local write, whatever its beats; everything else is written block by block. */
static int whole_rows(const gm_op *op) { return op->flags & GM_ACC && !(op->flags & (GM_SHRUNK | GM_ZEROS)); }

/* Takes the next command from the queue; 0 when there is none that may begin. */
static int begin_load(clockwork *s) {
    load_unit *u = &s->load;
    if (!u->queue.count || u->in_flight >= 2 || early(s, u->room_at)) return 0;
    entry *e = peek(&u->queue, 0);
    if (early(s, e->issue + DISPATCH) || early(s, u->next) || early(s, u->first + 2)) return 0;
    pop(&u->queue);
    moved(s);
    u->now = e, u->row = 0, u->in_flight++, u->first = s->t;
    e->left = (int64_t)e->op->rows * (whole_rows(e->op) ? 1 : blocks_of(s, e->op)) * e->op->rows2; /* rows2: pixel repeats */
    if (e->left) return 1;
    u->now = NULL, u->in_flight--;
    gm_complete_at(s, e, s->t + 1);
    return 0;
}

void gm_load_dispatch(clockwork *s) {
    load_unit *u = &s->load;
    if (!u->now && !begin_load(s)) return;
    entry *e = u->now;
    const gm_op *op = e->op;
    int repeat = op->stride == 0 && !(op->flags & GM_ZEROS);
    if (op->flags & GM_ZEROS) {
        if (u->zero) return;
        u->zero = e, u->zero_row = op->local + (uint32_t)u->row;
        u->zero_left = blocks_of(s, op) * op->rows2, u->zero_ready = s->t + ZERO_LATENCY;
    } else {
        if (u->row_count == PENDING) return;
        u->rows[(u->row_head + u->row_count++) % PENDING] = (dma_row){
            e, op->dram + (uint64_t)(u->row * op->stride), (int64_t)op->cols * op->element_bytes, s->t + DMA_LATENCY,
            repeat ? op->rows : 1};
    }
    moved(s);
    u->row++, u->next = s->t + 1;
    if (u->row == op->rows || repeat) u->now = NULL;
}

/* The next packet of a row: the naturally aligned power of two that covers most, the smallest among equals. */
int gm_packet(const clockwork *s, uint64_t address, int64_t bytes, int64_t *covered) {
    int best = 0;
    *covered = 0;
    for (int size = s->c.bus_bytes; size <= s->c.max_bytes; size *= 2) {
        int64_t reads = size - (int64_t)(address & (uint64_t)(size - 1));
        if (reads > bytes) reads = bytes;
        if (reads > *covered) *covered = reads, best = size;
    }
    return best;
}

void gm_respond_at(clockwork *s, int64_t ready, int acknowledge, int request) {
    load_unit *u = &s->load;
    u->ring[(u->ring_head + u->ring_count++) % RING] = (response){ready, acknowledge, request};
}

static int free_request(clockwork *s) {
    for (uint32_t left = s->load.unused; left; left &= left - 1) {
        int i = __builtin_ctz(left);
        if (!early(s, s->load.requests[i].free_at)) return i;
    }
    return -1;
}

/* Local writes that the next `covered` bytes of a row complete. */
static int units_of(const clockwork *s, const dma_row *row, int64_t covered) {
    const gm_op *op = row->e->op;
    int unit = whole_rows(op) ? 1 << 20 : s->c.dim * (op->element_bytes == 4 && s->c.is_float ? 4 : 1);
    int64_t before = (int64_t)op->cols * op->element_bytes - row->bytes, after = before + covered;
    return (int)(after / unit - before / unit) + (covered == row->bytes && after % unit);
}

void gm_read_request(clockwork *s) {
    load_unit *u = &s->load;
    if (!u->row_count || u->ring_count > RING - 8) return;
    dma_row *row = &u->rows[u->row_head];
    if (early(s, row->ready)) return;
    if (s->ports.channel) {
        s->counters[GM_CHANNEL]++;
        return;
    }
    int free = free_request(s);
    if (free < 0) {
        s->counters[GM_IN_FLIGHT]++;
        return;
    }
    int64_t covered;
    int size = gm_packet(s, row->address, row->bytes, &covered), beats = size / s->c.bus_bytes;
    int partial = covered != size && size == s->c.max_bytes && beats > 1;
    u->unused &= ~(1u << free);
    u->requests[free] = (request){row->e, beats, units_of(s, row, covered) * row->repeat, partial, 0};
    moved(s);
    row->address += (uint64_t)covered, row->bytes -= covered;
    for (int b = 0; b < beats; b++) gm_respond_at(s, s->t + s->c.latency + b, 0, free);
    s->ports.channel = 1;
    s->counters[GM_READ_BYTES] += size, s->counters[GM_READ_REQUESTS]++;
    s->counters[GM_SMALL_REQUESTS] += size < s->c.max_bytes;
    if (!row->bytes) u->row_head = (u->row_head + 1) % PENDING, u->row_count--;
}

/* When a block that has just arrived reaches the local memory's port. */
static int64_t port_time(clockwork *s, const gm_op *op) {
    load_unit *u = &s->load;
    if (op->flags & GM_SCALED && op->element_bytes == 1) {
        u->scale_free = (u->scale_free > s->t ? u->scale_free : s->t) + SCALE_BEAT;
        return u->scale_free + SCALE_LATENCY;
    }
    return s->t + (op->flags & GM_ACC && op->element_bytes == 4 ? WRITE_LATENCY - 2 : WRITE_LATENCY);
}

static void free_later(load_unit *u, int request, int64_t t) { u->unused |= 1u << request, u->requests[request].free_at = t; }

static void take_beat(clockwork *s, int at) {
    load_unit *u = &s->load;
    request *x = &u->requests[at];
    const gm_op *op = x->e->op;
    x->beats_left--;
    int last = x->beats_left == 0, streams = !whole_rows(op) && x->units > 0 && op->stride != 0;
    int repeats = op->stride == 0 ? op->rows : 1; /* one row of memory is written to every local row */
    int give = (last ? x->units : streams) / repeats;
    for (int i = 0; i < give; i++)
        u->writes[(u->write_head + u->write_count++) % PENDING] = (local_write){
            x->e, op->flags & GM_ACC, op->local, port_time(s, op), last && i == give - 1 ? at : -1, repeats * op->rows2};
    x->units -= give * repeats;
    if (last && x->bubble) u->resume = s->t + 2; /* the rest of a partial packet costs a cycle */
    if (last && !give) free_later(u, at, s->t + WRITE_LATENCY + WRITE_DONE);
}

void gm_take_response(clockwork *s) {
    load_unit *u = &s->load;
    if (!u->ring_count || early(s, u->resume)) return;
    response *r = &u->ring[u->ring_head];
    if (early(s, r->ready)) return;
    if (r->acknowledge) {
        store_unit *w = &s->store;
        w->acknowledged[(w->acknowledged_head + w->acknowledged_count++) % PENDING] = s->t + ACK_DONE;
    } else {
        if (u->write_count > PENDING - 40) return; /* the merger is full: the channel waits */
        take_beat(s, r->request);
    }
    moved(s);
    u->ring_head = (u->ring_head + 1) % RING, u->ring_count--;
}

static void row_written(clockwork *s, entry *e, int delay) {
    if (--e->left) return;
    gm_complete_at(s, e, s->t + delay);
    if (s->load.in_flight-- == 2) s->load.room_at = s->t + delay + 2; /* when a third command may begin */
}

/* Takes a bank's write port if it is free in this cycle. */
static int take_port(clockwork *s, const gm_op *op, uint32_t row) {
    int acc = op->flags & GM_ACC, bit = 1 << bank_of(s, acc, row);
    moved(s);
    if ((acc ? s->ports.acc_write : s->ports.spad) & bit) return 0;
    if (!acc) s->ports.spad |= bit;
    else s->ports.acc_write |= bit;
    if (acc && op->flags & GM_ACCUMULATE) s->ports.acc_read |= bit;
    return 1;
}

static int write_data(clockwork *s) {
    load_unit *u = &s->load;
    if (!u->write_count) return 0;
    local_write *w = &u->writes[u->write_head];
    if (early(s, w->ready) || !take_port(s, w->e->op, w->row)) return 0;
    row_written(s, w->e, WRITE_DONE);
    if (--w->count) return 1;
    if (w->request >= 0) free_later(u, w->request, s->t + WRITE_DONE);
    u->write_head = (u->write_head + 1) % PENDING, u->write_count--;
    return 1;
}

/* One local write a cycle: data before zeros. */
void gm_local_writes(clockwork *s) {
    load_unit *u = &s->load;
    if (write_data(s) || !u->zero || early(s, u->zero_ready) || !take_port(s, u->zero->op, u->zero_row)) return;
    entry *e = u->zero;
    if (--u->zero_left == 0) u->zero = NULL;
    row_written(s, e, 1);
}

/* Stores: blocks are read from a local memory, scaled, gathered into rows, and written to memory packet by packet. */
#include "timing_state.h"

static int begin_store(clockwork *s) {
    store_unit *u = &s->store;
    entry *e = peek(&u->queue, 0);
    if (!e || early(s, e->issue + DISPATCH) || early(s, u->next)) return 0;
    moved(s);
    u->now = e, u->row = u->block = 0;
    return 1;
}

/* Takes the read port of a bank if it is free in this cycle. */
static int take_read_port(clockwork *s, const gm_op *op) {
    int acc = op->flags & GM_ACC, bit = 1 << bank_of(s, acc, op->local);
    moved(s);
    if ((acc ? s->ports.acc_read : s->ports.spad) & bit) return 0;
    if (!acc) s->ports.spad |= bit;
    return 1;
}

/* When a block that is read now reaches the write queue; blocks of the accumulator pass one of the scalers. */
static int64_t queue_time(clockwork *s, const gm_op *op) {
    store_unit *u = &s->store;
    if (!(op->flags & GM_ACC)) return s->t + STORE_LATENCY - 1;
    if (op->flags & GM_FULL) return s->t + STORE_LATENCY;
    int64_t *slot = &u->scale_slot[u->scale_at];
    *slot = (s->t + 2 > *slot ? s->t + 2 : *slot) + SCALE_CYCLES;
    u->scale_at = (u->scale_at + 1) % SCALE_UNITS;
    return *slot;
}

/* Local reads that one row in memory takes: its blocks, or the pixels that pooling compares. */
static int reads_of(const clockwork *s, const gm_op *op) {
    if (op->flags & GM_POOLED) return op->rows2 > 0 ? op->rows2 : 1;
    return op->cols ? blocks_of(s, op) : 1;
}

static uint64_t row_address(const gm_op *op, int row) {
    int64_t at = op->flags & GM_POOLED && op->cols2 ? row / op->cols2 * op->a_stride + row % op->cols2 : row;
    return op->dram + (uint64_t)(at * op->stride);
}

void gm_store_dispatch(clockwork *s) {
    store_unit *u = &s->store;
    if ((!u->now && !begin_store(s)) || u->block_count >= STORE_DEPTH) return;
    entry *e = u->now;
    const gm_op *op = e->op;
    int blocks = reads_of(s, op);
    if (!take_read_port(s, op)) return;
    u->blocks[(u->block_head + u->block_count++) % PENDING] = (block){
        e, queue_time(s, op), u->block == blocks - 1 && !(op->flags & GM_STATISTICS), (int64_t)op->cols * op->element_bytes,
        row_address(op, u->row)};
    u->next = s->t + 1;
    if (++u->block == blocks) u->block = 0, u->row++;
    if (u->row < op->rows) return;
    gm_complete_at(s, e, s->t + 1);
    u->now = NULL;
    pop(&u->queue);
}

static void take_acknowledges(clockwork *s) {
    store_unit *u = &s->store;
    while (u->acknowledged_count && !early(s, u->acknowledged[u->acknowledged_head])) {
        moved(s);
        u->acknowledged_head = (u->acknowledged_head + 1) % PENDING, u->acknowledged_count--;
        u->in_flight--, s->last_busy = s->t;
    }
}

static void send_beat(clockwork *s) {
    moved(s);
    if (s->ports.channel) return;
    s->ports.channel = 1;
    if (--s->store.beats_to_send == 0) gm_respond_at(s, s->t + s->c.latency, 1, 0);
}

/* Sends the first beat of a row's next packet; 1 when the row has no further packet. */
static int send_packet(clockwork *s, block *b) {
    store_unit *u = &s->store;
    int64_t covered;
    int size = gm_packet(s, b->address, b->bytes, &covered);
    s->counters[GM_WRITE_BYTES] += size, s->counters[GM_WRITE_REQUESTS]++;
    s->counters[GM_SMALL_REQUESTS] += size < s->c.max_bytes;
    u->in_flight++, u->beats_to_send = size / s->c.bus_bytes;
    send_beat(s);
    b->address += (uint64_t)covered, b->bytes -= covered;
    return b->bytes <= 0;
}

void gm_write_request(clockwork *s) {
    store_unit *u = &s->store;
    take_acknowledges(s);
    if (u->beats_to_send) {
        send_beat(s);
        return;
    }
    if (!u->block_count || u->in_flight >= REQUESTS) return;
    block *b = &u->blocks[u->block_head];
    if (early(s, b->ready)) return;
    moved(s);
    if (b->last_of_row && (s->ports.channel || !send_packet(s, b))) return;
    u->block_head = (u->block_head + 1) % PENDING, u->block_count--;
}

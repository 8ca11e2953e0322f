/* The execute controller and the array: steps that feed one row of each operand a cycle, banks permitting. */
#include <string.h>

#include "timing_state.h"

/* The command at a place of the queue, once it has been there for a cycle. */
static entry *queued(clockwork *s, int at) {
    entry *e = peek(&s->array.queue, at);
    return e && !early(s, e->issue + 1) ? e : NULL;
}

static void pop_command(clockwork *s) {
    array_unit *u = &s->array;
    pop(&u->queue);
    u->pops[(u->pop_head + u->pop_count++) % ENTRIES] = s->t + POP_LATENCY;
}

static int operand_rows(const gm_op *compute) { return compute->flags & GM_TRANSPOSE_A ? compute->cols : compute->rows; }

static int rows_to_feed(const clockwork *s, const gm_op *compute, const gm_op *preload) {
    int dim = s->c.dim, rows = 0;
    if (!compute && !preload) return dim; /* the flush of an output-stationary chain */
    int os = (compute ? compute : preload)->flags & GM_OS;
    if (compute) rows = os ? dim : operand_rows(compute) > 4 ? operand_rows(compute) : 4;
    if (!preload) return rows;
    int fresh = preload->local != GM_GARBAGE || os;
    if (!fresh) return compute ? rows : 4;
    return preload->flags & GM_TRANSPOSE_B && !os ? 2 * dim : dim;
}

static void reads_rows(clockwork *s, int operand, uint32_t local, int rows) {
    int reads = local != GM_GARBAGE;
    s->array.rows[operand] = reads ? rows : 0;
    s->array.banks[operand] = reads ? 1 << bank_of(s, 0, local) : 0;
}

static void begin_step(clockwork *s, entry *compute, entry *preload) {
    array_unit *u = &s->array;
    u->active = 1, u->fed = u->feed_wait = 0;
    u->feed_rows = rows_to_feed(s, compute ? compute->op : NULL, preload ? preload->op : NULL);
    u->compute = compute, u->preload = preload;
    if (compute) reads_rows(s, 0, compute->op->local, operand_rows(compute->op)), reads_rows(s, 1, compute->op->second, compute->op->rows2);
    else u->rows[0] = u->rows[1] = 0;
    reads_rows(s, 2, preload ? preload->op->local : GM_GARBAGE, s->c.dim);
    if (!compute) return;
    memmove(u->starts, u->starts + 1, sizeof u->starts - sizeof u->starts[0]);
    u->starts[ARRAY_DEPTH - 1] = s->t;
}

static int reads_from(const entry *reader, const entry *writer) {
    for (int a = 0; a < reader->span_count; a++)
        for (int b = 0; b < writer->span_count; b++) {
            const span *r = &reader->spans[a], *w = &writer->spans[b];
            if (w->write && !r->write && !r->acc && r->low < w->high && w->low < r->high) return 1;
        }
    return 0;
}

/* Whether a step's operands wait for results of earlier steps that are still on their way to the scratchpad. */
static int reads_result(const clockwork *s, const entry *reader) {
    const station *r = &s->station;
    if (!r->scratchpad_results) return 0;
    for (int i = 0; i < r->size[GM_EXECUTE]; i++) {
        const entry *o = &r->e[r->first[GM_EXECUTE] + i];
        if (!o->valid || o->seq >= reader->seq || o->op->kind != GM_PRELOAD || o->op->flags & GM_ACC) continue;
        if (o == s->array.loaded && reader->op->kind == GM_COMPUTE) continue;
        if (reads_from(reader, o)) return 1;
    }
    return 0;
}

/* config_ex waits until the array has drained. */
static void configure(clockwork *s, entry *e) {
    array_unit *u = &s->array;
    if (u->flushing) {
        begin_step(s, NULL, NULL);
        return;
    }
    if (early(s, e->issue + 2) || early(s, u->drained + 3)) return;
    gm_complete_at(s, e, s->t);
    pop_command(s);
}

static void choose_step(clockwork *s) {
    entry *a = queued(s, 0), *b = queued(s, 1), *c = queued(s, 2);
    if (!a) return;
    if (a->op->kind == GM_CONFIG_EX) {
        configure(s, a);
    } else if (a->op->kind == GM_PRELOAD) {
        if (b && !reads_result(s, a)) begin_step(s, NULL, a);
    } else if (!early(s, s->array.starts[0] + ARRAY_TIME) && !reads_result(s, a)) {
        int fuse = b && b->op->kind == GM_PRELOAD && c && !reads_result(s, b);
        begin_step(s, a, fuse ? b : NULL);
    }
}

/* Cycles that the next row takes, one for each read of the busiest bank; the banks that it needs. */
static int row_conflicts(const clockwork *s, int *mask) {
    const array_unit *u = &s->array;
    int a = u->fed < u->rows[0] ? u->banks[0] : 0, d = u->fed < u->rows[1] ? u->banks[1] : 0, b = u->fed < u->rows[2] ? u->banks[2] : 0;
    *mask = a | d | b;
    if (a && a == d && a == b) return 3;
    return (a && (a == d || a == b)) || (d && d == b) ? 2 : 1;
}

static void schedule_result(clockwork *s, const entry *owner) {
    const gm_op *p = owner->op;
    int row = s->array.fed;
    if (p->second == GM_GARBAGE || row >= p->rows) return;
    result_write *w = &s->array.results[(s->t + RESULT_LATENCY) % RESULTS];
    uint32_t to = p->second + (uint32_t)(row * p->c_stride);
    if (p->flags & GM_ACC) w->acc |= 1 << bank_of(s, 1, to), w->accumulate |= (p->flags & GM_ACCUMULATE) != 0;
    else w->spad |= 1 << bank_of(s, 0, to);
}

/* The last row has been fed: its results arrive, and with them the entry that owns B and C ends. */
static void results_follow(clockwork *s, entry *owner) {
    gm_complete_at(s, owner, s->t + RESULT_LATENCY + RESULT_DONE);
    s->array.drained = s->t + RESULT_LATENCY + RESULT_DONE;
}

static void end_step(clockwork *s) {
    array_unit *u = &s->array;
    u->active = 0;
    if (u->flushing) results_follow(s, u->flushing), u->flushing = NULL;
    if (u->compute) {
        entry *owner = u->loaded;
        gm_complete_at(s, u->compute, s->t + 2);
        pop_command(s);
        if (owner && owner->op->second == GM_GARBAGE) gm_complete_at(s, owner, s->t + 3);
        else if (owner && owner->op->flags & GM_OS) u->flushing = owner;
        else if (owner) results_follow(s, owner);
        u->loaded = NULL;
    }
    if (u->preload) pop_command(s), u->loaded = u->preload;
}

/* Whether nothing follows an output-stationary chain soon: no command, or a preload whose compute has not come. */
static int chain_ended(clockwork *s) {
    const entry *next = peek(&s->array.queue, 0);
    return !next || (s->array.queue.count == 1 && next->op->kind == GM_PRELOAD && !early(s, next->issue + CHAIN_PATIENCE));
}

void gm_array(clockwork *s) {
    array_unit *u = &s->array;
    while (u->pop_count && !early(s, u->pops[u->pop_head])) u->pop_head = (u->pop_head + 1) % ENTRIES, u->pop_count--, moved(s);
    if (!u->active) choose_step(s);
    if (!u->active && u->flushing && chain_ended(s)) begin_step(s, NULL, NULL);
    if (!u->active) return;
    moved(s);
    s->counters[GM_EXECUTE_BUSY]++;
    int mask, cycles = row_conflicts(s, &mask);
    if (mask & s->ports.spad) {
        s->counters[GM_BANK_CONFLICT]++;
        return;
    }
    s->ports.spad |= mask;
    if (++u->feed_wait < cycles) {
        s->counters[GM_BANK_CONFLICT]++;
        return;
    }
    u->feed_wait = 0;
    if (u->compute && u->loaded && !(u->loaded->op->flags & GM_OS)) schedule_result(s, u->loaded);
    if (u->flushing) schedule_result(s, u->flushing);
    if (++u->fed == u->feed_rows) end_step(s);
}

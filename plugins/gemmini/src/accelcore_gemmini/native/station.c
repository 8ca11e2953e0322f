/* The front queue and the reservation station: allocation in order, hazards between queues, issue in order per queue. */
#include "timing_state.h"

static span touched(uint32_t from, int64_t rows, int acc, int write) {
    return (span){from, from + (uint32_t)rows, acc != 0, write};
}

/* Local rows that an operation touches. */
static int spans(const clockwork *s, const gm_op *op, span out[2]) {
    int n = 0, blocks = blocks_of(s, op), acc = op->flags & GM_ACC;
    if (op->kind == GM_MVIN && op->rows > 0) {
        out[n++] = touched(op->local, (int64_t)(blocks - 1) * op->block_stride + op->rows, acc, 1);
    } else if (op->kind == GM_MVOUT) {
        int rows = op->flags & GM_POOLED ? (int)op->second : op->rows;
        out[n++] = touched(op->local, (blocks - 1) * s->c.dim + (rows ? rows : 1), acc, 0);
    } else if (op->kind == GM_PRELOAD) {
        if (op->local != GM_GARBAGE && op->rows2) out[n++] = touched(op->local, op->rows2, 0, 0);
        if (op->second != GM_GARBAGE && op->rows) out[n++] = touched(op->second, (op->rows - 1) * op->c_stride + 1, acc, 1);
    } else if (op->kind == GM_COMPUTE) {
        int rows = op->flags & GM_TRANSPOSE_A ? op->cols : op->rows;
        if (op->local != GM_GARBAGE && rows) out[n++] = touched(op->local, (rows - 1) * op->a_stride + 1, 0, 0);
        if (op->second != GM_GARBAGE && op->rows2) out[n++] = touched(op->second, op->rows2, 0, 0);
    }
    return n;
}

static int depends(const entry *a, const entry *b) {
    for (int i = 0; i < a->span_count; i++)
        for (int j = 0; j < b->span_count; j++) {
            const span *x = &a->spans[i], *y = &b->spans[j];
            if (x->acc == y->acc && (x->write || y->write) && x->low < y->high && y->low < x->high) return 1;
        }
    return 0;
}

static int to_scratchpad(const gm_op *op) {
    return op->kind == GM_PRELOAD && !(op->flags & GM_ACC) && op->second != GM_GARBAGE;
}

entry *gm_free_entry(clockwork *s, int queue) {
    const station *r = &s->station;
    if (r->used[queue] == r->size[queue]) return NULL;
    uint64_t mine = ((1ull << (r->size[queue] - 1)) * 2 - 1) << r->first[queue], unused = mine & ~r->in_use;
    return &s->station.e[__builtin_ctzll(unused)];
}

void gm_enter(clockwork *s, entry *e, const gm_op *op, gm_times *times) {
    station *r = &s->station;
    e->op = op, e->times = times, e->valid = 1, e->deps = 0, e->left = 0;
    e->seq = r->seq++, e->alloc = s->t, e->issue = -1, e->complete = NEVER;
    e->span_count = spans(s, op, e->spans);
    uint64_t mine = ((1ull << (r->size[op->queue] - 1)) * 2 - 1) << r->first[op->queue];
    for (uint64_t others = r->in_use & ~mine; others; others &= others - 1) {
        int i = __builtin_ctzll(others);
        if (depends(e, &r->e[i])) e->deps |= 1ull << i;
    }
    r->in_use |= 1ull << (e - r->e);
    moved(s);
    r->valid++, r->used[op->queue]++, r->scratchpad_results += to_scratchpad(op);
    push(&r->waiting[op->queue], e);
    if (times) times->alloc = s->t;
}

void gm_complete_at(clockwork *s, entry *e, int64_t t) {
    e->complete = t;
    moved(s);
    if (t < s->station.next_complete) s->station.next_complete = t;
}

static void complete(clockwork *s, entry *e) {
    station *r = &s->station;
    uint64_t keep = ~(1ull << (e - r->e));
    e->valid = 0, r->in_use &= keep;
    if (e->times) e->times->complete = s->t;
    for (uint64_t left = r->in_use; left; left &= left - 1) r->e[__builtin_ctzll(left)].deps &= keep;
    moved(s);
    r->valid--, r->used[e->op->queue]--, r->scratchpad_results -= to_scratchpad(e->op);
    s->last_busy = s->t;
}

/* Frees the entries whose commands are over. */
void gm_complete_due(clockwork *s) {
    station *r = &s->station;
    if (early(s, r->next_complete)) return;
    r->next_complete = NEVER;
    for (uint64_t left = r->in_use; left; left &= left - 1) {
        entry *e = &r->e[__builtin_ctzll(left)];
        if (e->complete <= s->t) complete(s, e);
        else if (e->complete < r->next_complete) r->next_complete = e->complete;
    }
}

static int unit_ready(const clockwork *s, int queue) {
    if (queue == GM_LOAD) return s->load.queue.count < FRONT;
    if (queue == GM_STORE) return s->store.queue.count < (s->c.ordered_stores ? 1 : 2);
    return s->array.queue.count + s->array.pop_count < EXECUTE_QUEUE;
}

static void count_hazard(clockwork *s, int queue, const entry *e) {
    uint64_t loads = (1ull << s->station.first[GM_EXECUTE]) - 1;
    if (queue == GM_LOAD) s->counters[GM_LOAD_WAITS]++;
    else if (queue == GM_STORE) s->counters[GM_STORE_WAITS]++;
    else s->counters[e->deps & loads ? GM_EXECUTE_WAITS_LOAD : GM_EXECUTE_WAITS_STORE]++;
}

void gm_issue(clockwork *s) {
    for (int q = 0; q < 3; q++) {
        entry *e = peek(&s->station.waiting[q], 0);
        if (!e || early(s, e->alloc + 1)) continue;
        if (e->deps) {
            count_hazard(s, q, e);
            continue;
        }
        if (!unit_ready(s, q)) continue;
        pop(&s->station.waiting[q]);
        moved(s);
        e->issue = s->t;
        if (e->times) e->times->issue = s->t;
        int kind = e->op->kind;
        if (kind == GM_CONFIG_LD || kind == GM_CONFIG_ST || kind == GM_CONFIG_NORM) gm_complete_at(s, e, s->t);
        else push(q == GM_LOAD ? &s->load.queue : q == GM_STORE ? &s->store.queue : &s->array.queue, e);
    }
}

/* Room for the front's next command: a hardware loop needs an unroller, a command an entry and no loop before it. */
static int enter_next(clockwork *s, const gm_op *op, gm_times *times) {
    if (op->kind == GM_LOOP_CONFIG || op->kind == GM_LOOP_RUN) {
        if (s->loop_count == LOOPS) return 0;
        if (op->kind == GM_LOOP_RUN) gm_begin_loop(s, op, times);
        return 1;
    }
    if (s->loop_count) return 0;
    if (op->queue == GM_NONE) return 1;
    entry *e = gm_free_entry(s, op->queue);
    if (e) gm_enter(s, e, op, times);
    else s->counters[GM_LOAD_FULL + op->queue]++;
    return e != NULL;
}

void gm_allocate(clockwork *s) {
    front_queue *f = &s->front;
    if (s->loop_count) gm_unroll(s);
    if (f->allocated == f->accepted) return;
    int at = (int)(f->allocated % FRONT);
    if (early(s, f->accept[at] + FRONT_LATENCY) || !enter_next(s, f->op[at], f->times[at])) return;
    moved(s);
    if (f->times[at]) f->times[at]->alloc = s->t;
    f->alloc[at] = s->t;
    f->allocated++;
}

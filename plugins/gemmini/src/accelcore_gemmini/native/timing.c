/* The clock: see timing.h.  One call of `tick` is one cycle.
 *
 * Inside a cycle, results of the array take their ports first, then arriving data, the feeding of the array and stores
 * (their order is the ports' priority); issue, allocation and new requests see the state that earlier cycles left; what
 * completes in a cycle frees its entry for the next one.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "timing_state.h"

static double wall_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Ends the run, as when it is stuck, once its time is over; looks at the clock now and then, beginning at once. */
static void watch_deadline(clockwork *s) {
    enum { LOOKS = 1 << 16 }; /* calls from one look to the next */
    if (s->deadline <= 0 || s->ticks++ % LOOKS) return;
    if (wall_seconds() > s->deadline) s->stuck = s->late = 1;
}

static clockwork *new_clockwork(const gm_config *config) {
    clockwork *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    station *r = &s->station;
    s->c = *config;
    s->bank_shift[0] = __builtin_ctz((uint32_t)(config->spad_rows / config->spad_banks));
    s->bank_shift[1] = __builtin_ctz((uint32_t)(config->acc_rows / config->acc_banks));
    r->size[GM_LOAD] = config->rs_load, r->size[GM_EXECUTE] = config->rs_execute, r->size[GM_STORE] = config->rs_store;
    r->first[GM_EXECUTE] = config->rs_load, r->first[GM_STORE] = config->rs_load + config->rs_execute;
    r->next_complete = NEVER;
    for (int i = 0; i < FRONT; i++) s->front.alloc[i] = -PATIENCE;
    for (int i = 0; i < ARRAY_DEPTH; i++) s->array.starts[i] = -PATIENCE;
    s->load.unused = (1u << REQUESTS) - 1;
    s->array.drained = -PATIENCE, s->last_busy = -1;
    return s;
}

static int store_busy(const store_unit *u) { return u->now || u->queue.count || u->block_count || u->in_flight; }

static void count_busy(clockwork *s) {
    int load = s->load.in_flight > 0, store = store_busy(&s->store);
    s->counters[GM_LOAD_BUSY] += load, s->counters[GM_STORE_BUSY] += store;
    s->counters[GM_OVERLAPPED] += load + store + s->array.active > 1;
}

static void cycle(clockwork *s) {
    result_write *r = &s->array.results[s->t % RESULTS];
    s->ports = (ports){r->spad, r->acc, r->accumulate ? r->acc : 0, 0};
    *r = (result_write){0, 0, 0};
    count_busy(s);
    gm_take_response(s);
    gm_local_writes(s);
    gm_array(s);
    gm_store_dispatch(s);
    gm_issue(s);
    gm_allocate(s);
    gm_load_dispatch(s);
    gm_write_request(s);
    gm_read_request(s);
    gm_complete_due(s);
    s->t++;
}

/* One cycle; then, when nothing changed in it, all cycles until something that waits for its time may.
 * Skipped cycles count as the one before: the counters are functions of the state.  Results of the array that arrive in
 * them only take ports that nobody asks for. */
static void tick(clockwork *s) {
    int64_t before[GM_COUNTERS];
    watch_deadline(s);
    s->moved = 0, s->wake = NEVER;
    cycle(s);
    if (s->moved || s->wake <= s->t || s->until <= s->t) return;
    memcpy(before, s->counters, sizeof before);
    cycle(s); /* the first of the quiet ones, for the counters */
    int64_t to = s->wake < s->until ? s->wake : s->until, skipped = to - s->t;
    if (to == NEVER) s->stuck = 1;
    if (to == NEVER || skipped <= 0) return;
    for (int i = 0; i < GM_COUNTERS; i++) s->counters[i] += (s->counters[i] - before[i]) * skipped;
    for (int64_t i = 0; i < skipped && i < RESULTS; i++) s->array.results[(s->t + i) % RESULTS] = (result_write){0, 0, 0};
    s->t = to;
}

static int busy(const clockwork *s) {
    return s->front.allocated != s->front.accepted || s->loop_count || s->station.valid || s->load.ring_count ||
           s->store.block_count || s->store.in_flight || s->array.flushing;
}

/* Nothing has ended for long although there was something to do. */
static int no_progress(clockwork *s, int64_t since) {
    int64_t from = s->last_busy > since ? s->last_busy : since;
    return s->stuck = s->stuck || s->t > from + PATIENCE + s->c.latency;
}

/* Lets time pass. */
static void await(clockwork *s, int64_t until) {
    s->until = until;
    while (s->t < until && !s->late) tick(s);
}

static void offer(clockwork *s, const gm_op *op, gm_times *times) {
    front_queue *f = &s->front;
    int at = (int)(f->accepted % FRONT);
    int64_t since;
    s->host += op->host_gap;
    await(s, s->host);
    since = s->t;
    while (f->accepted - f->allocated >= FRONT || s->t < f->alloc[at] + FRONT_LATENCY) {
        if (no_progress(s, since)) return;
        s->until = f->accepted - f->allocated >= FRONT ? NEVER : f->alloc[at] + FRONT_LATENCY;
        tick(s);
    }
    f->op[at] = op, f->times[at] = times, f->accept[at] = s->t;
    if (times) times->accept = s->t;
    f->accepted++;
    s->host = s->t + s->c.host_issue;
}

/* Runs until everything is idle; the cycle after the last busy one. */
static int64_t drain(clockwork *s) {
    int64_t since = s->t;
    s->until = NEVER;
    while (busy(s) && !no_progress(s, since)) tick(s);
    return s->last_busy + 1;
}

typedef struct { int64_t (*at)[2], room, made, start; int open; } segment_list;

static void close_segment(segment_list *list, int64_t end) {
    if (list->open && list->made < list->room) list->at[list->made][0] = list->start, list->at[list->made++][1] = end;
    list->open = 0;
}

static void fence(clockwork *s, const gm_op *op, segment_list *list) {
    enum { IDLE = 12 };
    int64_t end = drain(s);
    s->host += op->host_gap;
    await(s, s->host);
    close_segment(list, end);
    await(s, end + IDLE);
    if (s->host < s->t) s->host = s->t;
}

int64_t gm_timing_run(const gm_config *config, const gm_op *ops, int64_t count, gm_times *times, int64_t (*segments)[2],
                      int64_t max_segments, int64_t counters[GM_COUNTERS], double seconds) {
    clockwork *s = new_clockwork(config);
    segment_list list = {.at = segments, .room = max_segments};
    if (!s) return GM_NO_MEMORY;
    s->deadline = seconds > 0 ? wall_seconds() + seconds : 0;
    for (int64_t i = 0; times && i < count; i++) times[i] = (gm_times){-1, -1, -1, -1};
    for (int64_t i = 0; i < count && !s->stuck; i++) {
        if (ops[i].kind == GM_FENCE) {
            fence(s, &ops[i], &list);
            continue;
        }
        if (!list.open) list.start = (s->t > s->host ? s->t : s->host) + ops[i].host_gap, list.open = 1;
        offer(s, &ops[i], times ? &times[i] : NULL);
        if (ops[i].kind == GM_LOOP_RUN) i += ops[i].rows; /* the unroller makes these */
    }
    close_segment(&list, drain(s));
    memcpy(counters, s->counters, sizeof s->counters);
    int64_t made = s->late ? GM_TOO_LONG : s->stuck ? GM_STUCK : list.made;
    free(s);
    return made;
}

/* The unroller of the hardware loop: five generators side by side, one allocation a cycle.
 *
 * The functional model has recorded a loop's operations with their generator and block; here the generators are merged
 * again, under the limits of the reservation station.
 */
#include "timing_state.h"

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
    if (l->conv) return !a && !b;
    if (a && !(a->k > x->k || (a->k == x->k && a->i > x->i))) return 0;
    return !b || b->k > x->k || (b->k == x->k && b->j > x->j);
}

static int result_made(const loop *l, const gm_op *c) {
    const gm_op *x = upcoming(l, l->sum ? GM_LOOP_B : GM_LOOP_X);
    if (!x) return 1;
    if (l->conv) return 0;
    if (l->sum) return x->j > c->j || x->i > c->i;
    return x->k == c->k && (x->j > c->j || (x->j == c->j && x->i > c->i));
}

/* The loop on which a generator works: the oldest in which it has something left. */
static loop *at_work(clockwork *s, int stream) {
    for (int i = 0; i < s->loop_count; i++)
        if (upcoming(&s->loops[i], stream)) return &s->loops[i];
    return NULL;
}

/* A leads where both are at one k, but B makes the first load of a loop; an older loop goes first. */
static int leading_load(clockwork *s) {
    loop *a = at_work(s, GM_LOOP_A), *b = at_work(s, GM_LOOP_B);
    if (!a || !b) return a ? GM_LOOP_A : GM_LOOP_B;
    if (a != b) return a < b ? GM_LOOP_A : GM_LOOP_B;
    if (a->sum) return GM_LOOP_A;
    if (a->conv) return GM_LOOP_B;
    const gm_op *next_a = upcoming(a, GM_LOOP_A), *next_b = upcoming(b, GM_LOOP_B);
    int b_started = next_b->k || next_b->j;
    return b_started && next_a->k <= next_b->k ? GM_LOOP_A : GM_LOOP_B;
}

static int unroll_one(clockwork *s, int stream) {
    loop *l = at_work(s, stream);
    if (!l || early(s, l->start)) return 0;
    const gm_op *op = upcoming(l, stream);
    if (stream == GM_LOOP_X && !loads_made(l, op)) return 0;
    if (stream == GM_LOOP_C && !result_made(l, op)) return 0;
    entry *e = gm_free_entry(s, op->queue);
    if (!e) return 0;
    gm_enter(s, e, op, l->times ? &l->times[op - l->ops] : NULL);
    l->next[stream]++;
    skip(l, stream);
    return 1;
}

static int finished(const loop *l) {
    for (int stream = 0; stream < GM_LOOP_STREAMS; stream++)
        if (upcoming(l, stream)) return 0;
    return 1;
}

void gm_unroll(clockwork *s) {
    int made = unroll_one(s, GM_LOOP_C) || unroll_one(s, GM_LOOP_X) || unroll_one(s, GM_LOOP_D);
    if (!made) unroll_one(s, leading_load(s));
    while (s->loop_count && finished(&s->loops[0])) s->loops[0] = s->loops[1], s->loop_count--, moved(s);
}

void gm_begin_loop(clockwork *s, const gm_op *run, gm_times *times) {
    loop *l = &s->loops[s->loop_count++];
    *l = (loop){.ops = run + 1, .times = times ? times + 1 : NULL, .count = run->rows, .start = s->t + LOOP_LATENCY,
                .sum = (run->flags & GM_SHRUNK) != 0, .conv = (run->flags & GM_LOOP_CONV) != 0};
    for (int stream = 0; stream < GM_LOOP_STREAMS; stream++) skip(l, stream);
}

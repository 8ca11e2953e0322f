/* Activations over accumulators on their way out, and the statistics of whole rows that two of them need.
 *
 * Statistics belong to the id that config_norm selects.  Stores with a norm command add their values to them and write
 * nothing; the command that ends a pass turns sums into what the next pass uses.  Integer arithmetic is the
 * accumulator's: it wraps around, and divisions and roots are rounded towards zero.
 */
#include <math.h>
#include <string.h>

#include "internal.h"

enum { NORM_OUT, NORM_SUM, NORM_MEAN, NORM_VARIANCE, NORM_INV_STDDEV, NORM_MAX, NORM_SUM_EXP, NORM_INV_SUM_EXP };

static int32_t wrap(int64_t x) { return (int32_t)(uint32_t)x; }

/* The largest integer whose square is at most x. */
static int64_t root(int64_t x) {
    int64_t r = x > 0 ? (int64_t)sqrt((double)x) : 0;
    while (r * r > x) r--;
    while ((r + 1) * (r + 1) <= x) r++;
    return r;
}

/* x times a polynomial of second degree in place of the error function. */
static double igelu(const gm_machine *m, double x) {
    double size = fabs(x), clipped = size < -m->igelu_qb ? size : -m->igelu_qb;
    double erf_part = (clipped + m->igelu_qb) * (clipped + m->igelu_qb) + m->igelu_qc;
    if (m->config.is_float) return (float)(x * ((x < 0 ? -erf_part : erf_part) + m->igelu_qc));
    int32_t erf_int = wrap((int64_t)erf_part);
    return wrap((int64_t)x * wrap((int64_t)(x < 0 ? -erf_int : erf_int) + (int64_t)m->igelu_qc));
}

/* The exponential of x <= 0: a polynomial over one octave, shifted right by the number of octaves. */
static double exponential(const gm_machine *m, double x) {
    if (m->config.is_float) {
        double octaves = m->ln2_f > 0 ? floor(-x / m->ln2_f) : 0, rest = x + octaves * m->ln2_f + m->igelu_qb;
        return (float)ldexp(rest * rest + m->igelu_qc, (int)-octaves);
    }
    int32_t q = (int32_t)x, octaves = wrap(-(int64_t)q * m->qln2_inv) >> 16;
    int64_t rest = wrap((int64_t)q + (int64_t)octaves * m->qln2 + (int64_t)m->igelu_qb);
    int32_t whole = wrap(wrap(rest * rest) + (int64_t)m->igelu_qc);
    return octaves < 0 || octaves > 31 ? 0 : whole >> octaves;
}

/* A raw accumulator after the activation's function, and the factor that its scale has to be multiplied by. */
double gm_activated(const gm_machine *m, double x, float *factor) {
    const gm_norm *n = &m->norm[m->norm_stat];
    *factor = 1.0f;
    switch (m->store_activation) {
    case ACT_LAYERNORM: return *factor = n->inv_stddev, x - n->mean;
    case ACT_IGELU: return igelu(m, x);
    case ACT_SOFTMAX: return *factor = n->inv_sum_exp, exponential(m, x - n->max);
    default: return x;
    }
}

/* One value under a norm command. */
void gm_norm_take(gm_machine *m, int command, double x) {
    gm_norm *n = &m->norm[m->norm_stat];
    double off = x - n->mean;
    switch (command) {
    case NORM_SUM: case NORM_MEAN: n->sum += x, n->count++; break;
    case NORM_VARIANCE: case NORM_INV_STDDEV: n->sum += off * off, n->count++; break;
    case NORM_MAX: n->max = !n->has_max || x > n->max ? x : n->max, n->has_max = 1; break;
    case NORM_SUM_EXP: case NORM_INV_SUM_EXP: n->sum += exponential(m, x - n->max); break;
    default: break;
    }
}

/* Ends a pass. */
void gm_norm_end(gm_machine *m, int command) {
    gm_norm *n = &m->norm[m->norm_stat];
    double mean = n->count ? n->sum / (double)n->count : 0;
    if (!m->config.is_float) mean = trunc(mean);
    if (command == NORM_MEAN) n->mean = mean;
    if (command == NORM_INV_STDDEV) {
        double deviation = m->config.is_float ? sqrt(mean) : (double)root((int64_t)mean);
        n->inv_stddev = deviation > 0 ? 1.0f / (float)deviation : 1.0f;
    }
    if (command == NORM_INV_SUM_EXP) n->inv_sum_exp = (m->config.is_float ? 1.0f : 127.0f) / (float)n->sum;
    if (command == NORM_MEAN || command == NORM_INV_STDDEV || command == NORM_INV_SUM_EXP) n->sum = 0, n->count = 0;
    if (command == NORM_OUT) n->has_max = 0;
}

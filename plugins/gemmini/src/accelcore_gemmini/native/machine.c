/* Life of a machine, its memory regions, its record of operations, and the dispatch of commands. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

gm_machine *gm_new(const gm_config *config) {
    gm_machine *m = calloc(1, sizeof *m);
    if (!m || config->dim > MAX_DIM) return free(m), NULL;
    m->config = *config;
    m->elem_bytes = config->is_float ? 4 : 1;
    m->acc_bytes = 4;
    m->spad = calloc((size_t)config->spad_rows, (size_t)config->dim * (size_t)m->elem_bytes);
    m->acc = calloc((size_t)config->acc_rows, (size_t)config->dim * (size_t)m->acc_bytes);
    m->spad_written = calloc((size_t)config->spad_rows, 1);
    m->acc_written = calloc((size_t)config->acc_rows, 1);
    for (int s = 0; s < 3; s++) m->load[s] = (gm_load_state){.scale = 1.0f, .repeats = 1, .block_stride = config->dim};
    m->dataflow_ws = 0;
    m->a_stride = 1;
    m->acc_scale = m->system_scale = 1.0f;
    m->preload_bd = m->preload_c = GM_GARBAGE;
    if (!m->spad || !m->acc || !m->spad_written || !m->acc_written) return gm_free(m), NULL;
    return m;
}

void gm_free(gm_machine *m) {
    if (!m) return;
    free(m->spad), free(m->acc), free(m->spad_written), free(m->acc_written), free(m->ops), free(m);
}

int gm_region(gm_machine *m, uint64_t base, uint64_t bytes, void *host, int writable) {
    if (m->area_count == MAX_REGIONS) return gm_fail(m, RULE_MEMORY, "more than %d memory regions", MAX_REGIONS);
    m->areas[m->area_count++] = (gm_area){base, bytes, host, writable};
    return RULE_NONE;
}

/* Stores past the end of an array destroy another one; loads only fetch what is not used, and are let pass. */
static int leaves_array(gm_machine *m, uint64_t address, uint64_t bytes, int write) {
    const char *name = m->overrun && write ? m->overrun(m->store_begins, address, bytes) : NULL;
    if (!name) return 0;
    m->dram_rule = gm_fail(m, RULE_DRAM_RANGE, "DMA writes %llu bytes at 0x%llx, outside of the array %s in which the mvout begins",
                           (unsigned long long)bytes, (unsigned long long)address, name);
    return 1;
}

/* The bytes at a DRAM address, or NULL when the range is not inside one region. */
uint8_t *gm_dram(gm_machine *m, uint64_t address, uint64_t bytes, int write) {
    static uint8_t nowhere[1 << 16], zeros[1 << 16];
    if (m->dry && bytes <= sizeof nowhere) return write ? nowhere : zeros;
    for (int tried = 0; tried < m->area_count; tried++) { /* programs stay in one buffer for long: try the last one first */
        int at = (m->last_area + tried) % m->area_count;
        const gm_area *area = &m->areas[at];
        if (address >= area->base && address - area->base <= area->bytes && bytes <= area->bytes - (address - area->base)) {
            m->last_area = at;
            if (write && !area->writable) {
                m->dram_rule = gm_fail(m, RULE_DRAM_READONLY, "DMA writes %llu bytes to read-only memory at 0x%llx",
                        (unsigned long long)bytes, (unsigned long long)address);
                return NULL;
            }
            if (leaves_array(m, address, bytes, write)) return NULL;
            return area->host + (address - area->base);
        }
    }
    int (*find)(gm_machine *) = m->find_memory;
    if (find) { /* the program may have got more memory since */
        m->find_memory = NULL;
        uint8_t *found = find(m) ? gm_dram(m, address, bytes, write) : NULL;
        m->find_memory = find;
        if (found) return found;
    }
    m->dram_rule = gm_fail(m, RULE_DRAM_RANGE, "DMA %s %llu bytes at 0x%llx, outside the program's buffers", write ? "writes" : "reads",
            (unsigned long long)bytes, (unsigned long long)address);
    return NULL;
}

int gm_fail(gm_machine *m, int rule, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(m->message, sizeof m->message, format, list);
    va_end(list);
    return rule;
}

const char *gm_message(const gm_machine *m) { return m->message; }

gm_op *gm_record(gm_machine *m, int kind, int queue) {
    static gm_op lost; /* out of memory: the record is dropped, the function stays right */
    if (m->op_count == m->op_room) {
        int64_t room = m->op_room ? m->op_room * 2 : 4096;
        gm_op *more = realloc(m->ops, (size_t)room * sizeof *more);
        if (!more) return &lost;
        m->ops = more, m->op_room = room;
    }
    gm_op *op = &m->ops[m->op_count++];
    memset(op, 0, sizeof *op);
    op->kind = (uint8_t)kind, op->queue = (uint8_t)queue;
    op->line = m->line;
    op->host_gap = m->in_loop ? 0 : m->host_gap;
    if (m->in_loop) {
        op->flags |= GM_FROM_LOOP;
        op->stream = m->loop_tag.stream, op->parity = m->loop_tag.parity;
        op->i = m->loop_tag.i, op->j = m->loop_tag.j, op->k = m->loop_tag.k;
        op->next_minor = m->loop_tag.next_minor, op->next_k = m->loop_tag.next_k;
    } else {
        m->host_gap = 0;
    }
    return op;
}

/* Checks that `rows` local rows from `first` on exist. */
int gm_local_rows(gm_machine *m, uint32_t local, int64_t first, int64_t rows, const char *what) {
    int64_t capacity = is_acc(local) ? m->config.acc_rows : m->config.spad_rows;
    if (first >= 0 && first + rows <= capacity) return RULE_NONE;
    return gm_fail(m, RULE_LOCAL_RANGE, "%s touches %s rows %lld..%lld of %lld", what,
                   is_acc(local) ? "accumulator" : "scratchpad", (long long)first, (long long)(first + rows - 1),
                   (long long)capacity);
}

/* Notes, and when asked refuses, a read of local rows, `stride` apart, that nothing has written since the start. */
int gm_local_written(gm_machine *m, uint32_t local, int64_t rows, int64_t stride, const char *what) {
    const uint8_t *written = is_acc(local) ? m->acc_written : m->spad_written;
    if (is_garbage(local)) return RULE_NONE;
    for (int64_t r = 0, row = row_of(m, local); r < rows; r++, row += stride)
        if (!written[row]) {
            if (!m->unwritten_reads++) m->first_unwritten = m->line;
            if (!m->check_unwritten) return RULE_NONE;
            return gm_fail(m, RULE_UNWRITTEN, "%s reads %s row %lld, which nothing has written", what,
                           is_acc(local) ? "accumulator" : "scratchpad", (long long)row);
        }
    return RULE_NONE;
}

int gm_command(gm_machine *m, uint32_t funct, uint64_t rs1, uint64_t rs2) {
    switch (funct) {
    case 0: return gm_config_command(m, rs1, rs2);
    case 2: return gm_mvin(m, 0, rs1, rs2);
    case 1: return gm_mvin(m, 1, rs1, rs2);
    case 14: return gm_mvin(m, 2, rs1, rs2);
    case 3: return gm_mvout(m, rs1, rs2);
    case 6: return gm_preload(m, rs1, rs2);
    case 4: return gm_compute(m, 1, rs1, rs2);
    case 5: return gm_compute(m, 0, rs1, rs2);
    case 7: return gm_record(m, GM_FLUSH, GM_NONE), RULE_NONE;
    case 126: return gm_record(m, GM_COUNTER, GM_NONE), RULE_NONE;
    default: break;
    }
    if (funct >= 8 && funct <= 21) return gm_loop_command(m, funct, rs1, rs2);
    return gm_fail(m, RULE_UNKNOWN, "command with funct %u is not a Gemmini command", funct);
}

int gm_fence(gm_machine *m) { return gm_record(m, GM_FENCE, GM_NONE), RULE_NONE; }

int64_t gm_run(gm_machine *m, const gm_call *calls, int64_t count, int32_t *rule) {
    *rule = RULE_NONE;
    for (int64_t i = 0; i < count; i++) {
        uint32_t funct = (uint32_t)calls[i].word;
        gm_at(m, (int32_t)(calls[i].word >> 32), (int32_t)calls[i].host_cycles);
        *rule = funct == GM_FENCE_WORD ? gm_fence(m) : gm_command(m, funct, calls[i].rs1, calls[i].rs2);
        if (*rule) return i;
    }
    return count;
}

void gm_checks(gm_machine *m, int unwritten, int dry) { m->check_unwritten = unwritten, m->dry = dry; }

void gm_rows_written(const gm_machine *m, int64_t out[4]) {
    out[0] = out[1] = 0;
    for (int i = 0; i < m->config.spad_rows; i++) out[0] += m->spad_written[i];
    for (int i = 0; i < m->config.acc_rows; i++) out[1] += m->acc_written[i];
    out[2] = m->unwritten_reads, out[3] = m->first_unwritten;
}

int64_t gm_op_size(void) { return (int64_t)sizeof(gm_op); }

void gm_at(gm_machine *m, int32_t line, int32_t host_cycles) { m->line = line, m->host_gap += host_cycles; }

const gm_op *gm_ops(const gm_machine *m, int64_t *count) { return *count = m->op_count, m->ops; }

void gm_forget_ops(gm_machine *m) { m->op_count = 0, m->host_gap = 0; }

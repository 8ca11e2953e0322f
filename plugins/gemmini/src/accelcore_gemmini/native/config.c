/* The config commands: fields as in the instruction set's tables (docs/isa.md). */
#include <string.h>

#include "internal.h"

static float bits(uint32_t word) {
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static int field(uint64_t word, int high, int low) { return (int)((word >> low) & ((1ull << (high - low + 1)) - 1)); }

static int config_ex(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    int only_strides = field(rs1, 7, 7);
    if (!only_strides) {
        m->dataflow_ws = field(rs1, 2, 2);
        m->activation = field(rs1, 4, 3);
        m->system_scale = bits((uint32_t)(rs1 >> 32));
        m->in_shift = (int32_t)(uint32_t)rs2;
        m->a_transpose = field(rs1, 8, 8);
        m->b_transpose = field(rs1, 9, 9);
    }
    m->a_stride = field(rs1, 31, 16);
    m->c_stride = field(rs2, 63, 48);
    gm_record(m, GM_CONFIG_EX, GM_EXECUTE);
    if (m->dataflow_ws ? m->a_transpose && m->b_transpose : m->b_transpose && !m->a_transpose)
        return gm_fail(m, RULE_TRANSPOSE, "config_ex: illegal transposes for this dataflow (the array has one transposer)");
    return RULE_NONE;
}

static int config_ld(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    int state = field(rs1, 4, 3);
    if (state > 2) return gm_fail(m, RULE_UNKNOWN, "config_ld: load state %d does not exist", state);
    int repeats = field(rs1, 15, 8);
    m->load[state] = (gm_load_state){
        .stride = (int64_t)rs2,
        .scale = bits((uint32_t)(rs1 >> 32)),
        .shrunk = field(rs1, 2, 2),
        .repeats = repeats ? repeats : 1,
        .block_stride = field(rs1, 31, 16),
    };
    gm_record(m, GM_CONFIG_LD, GM_LOAD);
    return RULE_NONE;
}

static int config_st(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    m->store_activation = (m->store_activation & 4) | field(rs1, 3, 2); /* its third bit is config_norm's */
    m->pool_stride = field(rs1, 5, 4);
    m->pool_size = field(rs1, 7, 6);
    m->upad = field(rs1, 9, 8);
    m->lpad = field(rs1, 11, 10);
    m->pool_out_dim = field(rs1, 31, 24);
    m->porows = field(rs1, 39, 32);
    m->pocols = field(rs1, 47, 40);
    m->orows = field(rs1, 55, 48);
    m->ocols = field(rs1, 63, 56);
    m->store_stride = (int64_t)(rs2 & 0xffffffffu);
    if ((uint32_t)(rs2 >> 32) != 0xffffffffu) m->acc_scale = bits((uint32_t)(rs2 >> 32)); /* all ones keeps the old one */
    gm_record(m, GM_CONFIG_ST, GM_STORE);
    return RULE_NONE;
}

static int config_norm(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    m->norm_stat = field(rs1, 15, 8);
    if (!field(rs1, 17, 17)) {
        if (field(rs1, 18, 18)) m->qln2_inv = (int32_t)(rs1 >> 32);
        else m->qln2 = (int32_t)(rs1 >> 32);
        m->store_activation = (m->store_activation & 3) | field(rs1, 16, 16) << 2;
        m->igelu_qb = m->config.is_float ? bits((uint32_t)rs2) : (float)(int32_t)(uint32_t)rs2;
        m->igelu_qc = m->config.is_float ? bits((uint32_t)(rs2 >> 32)) : (float)(int32_t)(uint32_t)(rs2 >> 32);
        if (!field(rs1, 18, 18)) m->ln2_f = bits((uint32_t)(rs1 >> 32));
    }
    gm_record(m, GM_CONFIG_NORM, GM_STORE);
    return RULE_NONE;
}

int gm_config_command(gm_machine *m, uint64_t rs1, uint64_t rs2) {
    switch (rs1 & 3) {
    case 0: return config_ex(m, rs1, rs2);
    case 1: return config_ld(m, rs1, rs2);
    case 2: return config_st(m, rs1, rs2);
    default: return config_norm(m, rs1, rs2);
    }
}

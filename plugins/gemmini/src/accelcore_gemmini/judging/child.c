/* The child's side of judging: a kernel's commands are written down, none is executed.
 *
 * Arrays are addresses that nothing is mapped at: host code that reads or writes them ends with a signal.  The log,
 * records of { line << 32 | funct, rs1, rs2, basic blocks since the command before }, is all that the parent takes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#if defined(__clang__)
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define UNCOUNTED __attribute__((no_sanitize_coverage))
#endif

enum { FENCE = -1, UNSUPPORTED_SIZES = 3, NO_LOG = 4 };

static FILE *commands;
static uint64_t blocks;

void __sanitizer_cov_trace_pc(void);
UNCOUNTED void __sanitizer_cov_trace_pc(void) { blocks++; }

void gemmini_host_command(uint32_t funct, uint64_t rs1, uint64_t rs2, int32_t line);
UNCOUNTED void gemmini_host_command(uint32_t funct, uint64_t rs1, uint64_t rs2, int32_t line) {
    if (!commands) _Exit(NO_LOG); /* before main */
    const uint64_t record[4] = {(uint64_t)(uint32_t)line << 32 | funct, rs1, rs2, blocks};
    if (fwrite(record, sizeof record, 1, commands) != 1) _Exit(NO_LOG);
    blocks = 0;
}

void gemmini_host_fence(int32_t line);
UNCOUNTED void gemmini_host_fence(int32_t line) { gemmini_host_command((uint32_t)FENCE, 0, 0, line); }

/* A kernel has no use for a clock: it does not decide by it. */
uint64_t gemmini_host_cycles(void);
UNCOUNTED uint64_t gemmini_host_cycles(void) { return 0; }

/* On top of the sandbox, which refuses: what a kernel has no use for ends the process (SIGSYS). */
UNCOUNTED static void only_compute(void) {
#if defined(__linux__)
#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(write), ALLOW(exit), ALLOW(exit_group), ALLOW(rt_sigreturn), ALLOW(close), ALLOW(lseek), ALLOW(fstat),
#if defined(__NR_newfstatat)
        ALLOW(newfstatat),
#endif
        ALLOW(brk), ALLOW(mmap), ALLOW(munmap), ALLOW(mremap), ALLOW(madvise),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog filter = {sizeof rules / sizeof *rules, rules};
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
#endif
}

int accelcore_call(const uint64_t *words);

UNCOUNTED int main(int argc, char **argv) {
    uint64_t words[64] = {0};
    commands = fopen("commands.log", "wb");
    for (int at = 1; at < argc && at <= 64; at++) words[at - 1] = strtoull(argv[at], NULL, 16);
    static char room[1 << 16];
    if (!commands || setvbuf(commands, room, _IOFBF, sizeof room)) _Exit(NO_LOG);
    only_compute();
    blocks = 0;
    const int refused = accelcore_call(words);
    if (fclose(commands)) _Exit(NO_LOG);
    _Exit(refused ? UNSUPPORTED_SIZES : 0);
}

/* The program's own accesses beside those of its commands: see watch.c. */
#ifndef ACCELCORE_GEMMINI_WATCH_H
#define ACCELCORE_GEMMINI_WATCH_H

#include <stdint.h>

/* Rows of a store are on their way; a fence: none are. */
void gm_watch_store(uint64_t address, uint64_t bytes, int64_t stride, int32_t rows, int32_t line);
void gm_watch_fence(void);
/* Whether the host has read such a row: the line of the store, and the address. */
int64_t gm_watch_early(int32_t *line, uint64_t *address);
/* Reads the program's arrays from its executable; the name of the array that holds `first`, if an access leaves it. */
void gm_watch_symbols(void);
const char *gm_watch_overrun(uint64_t first, uint64_t address, uint64_t bytes);

#endif

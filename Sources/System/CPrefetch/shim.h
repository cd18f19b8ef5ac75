#ifndef VTAG_CPREFETCH_H
#define VTAG_CPREFETCH_H

/// Asks the processor to fetch a line of memory that will be read soon. The address need not exist.
static inline void vtag_prefetch(const void *address) { __builtin_prefetch(address); }
#endif

#ifndef VTAG_CCHECKSUM_H
#define VTAG_CCHECKSUM_H
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `length` bytes, continuing from `crc` (0 to start).
/// Uses the processor's instruction where there is one.
uint32_t vtag_crc32c(uint32_t crc, const void *bytes, size_t length);
#endif

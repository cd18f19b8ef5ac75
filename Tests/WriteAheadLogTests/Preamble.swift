import CChecksum

/// The checksum that the preamble at the start of `bytes` should carry.
func preambleCRC(of bytes: UnsafeMutableRawBufferPointer) -> UInt32 {
    vtag_crc32c(0, bytes.baseAddress, 28)
}

internal import CBareSnappy

/// libsnappy alone, from bytes that are there into room that is there.
public enum BareSnappy {
    /// Compresses the same bytes so many times; returns how long the block is.
    public static func compress(_ bytes: [UInt8], times: Int) -> Int {
        var room = [CChar](repeating: 0, count: snappy_max_compressed_length(bytes.count))
        var length = 0
        bytes.withUnsafeBytes { bytes in
            let from = bytes.assumingMemoryBound(to: CChar.self)
            room.withUnsafeMutableBufferPointer { to in
                for _ in 0..<times {
                    length = to.count
                    guard snappy_compress(from.baseAddress, from.count, to.baseAddress, &length) == SNAPPY_OK else {
                        length = 0
                        return
                    }
                }
            }
        }
        return length
    }
}

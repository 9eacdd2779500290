internal import CSnappy

/// The block format of Snappy, which remote write compresses its requests with; never the framed one.
public enum SnappyBlock {
    /// Compresses bytes.
    public static func compress(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var room: [UInt8] = []
        if bytes.withContiguousStorageIfAvailable({ compress($0, into: &room) }) == nil {
            Array(bytes).withUnsafeBufferPointer { compress($0, into: &room) }
        }
        // A copy, for the room is that of the longest that it may have come to.
        return room.withUnsafeBufferPointer { Array($0) }
    }

    /// Compresses bytes into a buffer, in place of what is there.
    public static func compress(_ bytes: UnsafeBufferPointer<UInt8>, into buffer: inout [UInt8]) {
        let capacity = snappy_max_compressed_length(bytes.count)
        buffer = [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            count = capacity
            bytes.withMemoryRebound(to: CChar.self) { from in
                room.withMemoryRebound(to: CChar.self) { to in
                    _ = snappy_compress(from.baseAddress, from.count, to.baseAddress, &count)
                }
            }
        }
    }

    /// The bytes that were compressed; `nil` when these are no whole block, or one of more than `limit` bytes.
    public static func decompress(_ block: [UInt8], limit: Int) -> [UInt8]? {
        block.withUnsafeBufferPointer { block -> [UInt8]? in
            block.withMemoryRebound(to: CChar.self) { block in
                var length = 0
                guard snappy_uncompressed_length(block.baseAddress, block.count, &length) == SNAPPY_OK, length <= limit
                else { return nil }
                var isWhole = false
                let bytes = [UInt8](unsafeUninitializedCapacity: length) { room, count in
                    count = length
                    room.withMemoryRebound(to: CChar.self) { room in
                        isWhole =
                            snappy_uncompress(block.baseAddress, block.count, room.baseAddress, &count) == SNAPPY_OK
                    }
                    if !isWhole { count = 0 }
                }
                return isWhole ? bytes : nil
            }
        }
    }
}

internal import CLibPQ

/// The parameters of a statement as libpq wants them, in memory that is used again.
struct ParameterBuffer {
    private var buffer = ByteBuffer()
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    private var pointers: [UnsafePointer<CChar>?] = []
    private(set) var types: [UInt32] = []

    mutating func encode(_ parameters: [PostgresParameter]) {
        buffer.removeAll()
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        types.removeAll(keepingCapacity: true)
        for parameter in parameters {
            let start = buffer.count
            offsets.append(buffer.append(parameter) ? start : -1)
            lengths.append(Int32(clamping: buffer.count - start))
            types.append(parameter.type.rawValue)
        }
        while formats.count < parameters.count { formats.append(1) }
    }

    /// Calls `body` with the number of parameters, their values, lengths and formats.
    mutating func withPointers<Value>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Value
    ) -> Value {
        pointers.removeAll(keepingCapacity: true)
        // One byte more, so that even an empty value has an address: no address means NULL.
        buffer.append(byte: 0)
        return buffer.bytes.withUnsafeBytes { bytes in
            for offset in offsets {
                let start = offset < 0 ? nil : bytes.baseAddress?.advanced(by: offset)
                pointers.append(start?.assumingMemoryBound(to: CChar.self))
            }
            return pointers.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(Int32(offsets.count), values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }

    /// Gives memory back that one large statement took.
    mutating func shrink() {
        if buffer.count > 1 << 20 { buffer = ByteBuffer() }
    }
}

internal import Foundation
internal import MillraceCore

extension ByteBuffer {
    /// Writes a value in the server's binary format, without its length; `false` for NULL, which has none.
    mutating func append(_ parameter: PostgresParameter) -> Bool {
        switch parameter {
        case .null: return false
        case .text(let value): append(text: value)
        case .int2(let value): append(value)
        case .int4(let value): append(value)
        case .int8(let value): append(value)
        case .float8(let value): append(value.bitPattern)
        case .bool(let value): append(byte: value ? 1 : 0)
        case .bytes(let value): append(value)
        case .uuid(let value): append(value)
        case .time(let value): append(PostgresEpoch.encode(value))
        case .json(let value): append(json: value)
        case .texts(let values): append(values, of: .text) { $0.append(text: $1) }
        case .int2s(let values): append(values, of: .int2) { $0.append($1) }
        case .int4s(let values): append(values, of: .int4) { $0.append($1) }
        case .int8s(let values): append(values, of: .int8) { $0.append($1) }
        case .float8s(let values): append(values, of: .float8) { $0.append($1.bitPattern) }
        case .bools(let values): append(values, of: .bool) { $0.append(byte: $1 ? 1 : 0) }
        case .byteArrays(let values): append(values, of: .bytea) { $0.append($1) }
        case .uuids(let values): append(values, of: .uuid) { $0.append($1) }
        case .times(let values): append(values, of: .timestamptz) { $0.append(PostgresEpoch.encode($1)) }
        case .jsons(let values): append(values, of: .jsonb) { $0.append(json: $1) }
        }
        return true
    }

    private mutating func append(_ uuid: UUID) {
        withUnsafeBytes(of: uuid.uuid) { append($0) }
    }

    private mutating func append(json text: String) {
        append(byte: 1)
        append(text: text)
    }

    /// An array of one dimension whose indexes begin at 1.
    private mutating func append<Element>(
        _ values: [Element?], of type: PostgresType, _ write: (inout ByteBuffer, Element) -> Void
    ) {
        append(Int32(values.isEmpty ? 0 : 1))
        append(Int32(values.contains { $0 == nil } ? 1 : 0))
        append(type.rawValue)
        guard !values.isEmpty else { return }
        append(Int32(values.count))
        append(Int32(1))
        for value in values {
            guard let value else {
                append(Int32(-1))
                continue
            }
            let start = count
            append(Int32(0))
            write(&self, value)
            replace(at: start, with: Int32(count - start - 4))
        }
    }
}

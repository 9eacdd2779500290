/// The number by which the server knows a type; those that this client speaks.
struct PostgresType: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    private init(_ number: UInt32) {
        rawValue = number
    }

    /// Left to the server to infer.
    static let unspecified = PostgresType(0)
    static let bool = PostgresType(16)
    static let bytea = PostgresType(17)
    static let char = PostgresType(18)
    static let name = PostgresType(19)
    static let int8 = PostgresType(20)
    static let int2 = PostgresType(21)
    static let int4 = PostgresType(23)
    static let text = PostgresType(25)
    static let oid = PostgresType(26)
    static let json = PostgresType(114)
    static let xml = PostgresType(142)
    static let float4 = PostgresType(700)
    static let float8 = PostgresType(701)
    static let unknown = PostgresType(705)
    static let bpchar = PostgresType(1_042)
    static let varchar = PostgresType(1_043)
    static let timestamp = PostgresType(1_114)
    static let timestamptz = PostgresType(1_184)
    static let void = PostgresType(2_278)
    static let uuid = PostgresType(2_950)
    static let jsonb = PostgresType(3_802)

    static let boolArray = PostgresType(1_000)
    static let byteaArray = PostgresType(1_001)
    static let int2Array = PostgresType(1_005)
    static let int4Array = PostgresType(1_007)
    static let textArray = PostgresType(1_009)
    static let int8Array = PostgresType(1_016)
    static let float8Array = PostgresType(1_022)
    static let timestamptzArray = PostgresType(1_185)
    static let uuidArray = PostgresType(2_951)
    static let jsonbArray = PostgresType(3_807)
}

extension PostgresParameter {
    /// The type that the server is told.
    var type: PostgresType {
        switch self {
        case .null: .unspecified
        case .text: .text
        case .int2: .int2
        case .int4: .int4
        case .int8: .int8
        case .float8: .float8
        case .bool: .bool
        case .bytes: .bytea
        case .uuid: .uuid
        case .time: .timestamptz
        case .json: .jsonb
        case .texts: .textArray
        case .int2s: .int2Array
        case .int4s: .int4Array
        case .int8s: .int8Array
        case .float8s: .float8Array
        case .bools: .boolArray
        case .byteArrays: .byteaArray
        case .uuids: .uuidArray
        case .times: .timestamptzArray
        case .jsons: .jsonbArray
        }
    }
}

/// Sixteen random bytes: who holds a lease, who writes, which cache has announced something.
public struct SharedToken: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// Makes a token that nobody else has.
    public static func random() -> SharedToken {
        SharedToken(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the bytes of a token; `nil` unless there are sixteen.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        func number(_ part: some Collection<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(high: number(bytes.prefix(8)), low: number(bytes.dropFirst(8)))
    }

    /// The bytes.
    public var bytes: [UInt8] {
        [high, low].flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }
    }
}

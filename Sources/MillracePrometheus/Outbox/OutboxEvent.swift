/// A number of samples that came to an end, as the log keeps it: 16 bytes.
struct OutboxEvent: Equatable {
    enum Outcome: UInt8 {
        case acknowledged = 0
        case tooOld
        case overflow
        case rejected
        case invalid
        case quarantined
        case outOfOrder
        case damaged

        init(_ reason: OutboxDropReason) {
            switch reason {
            case .tooOld: self = .tooOld
            case .overflow: self = .overflow
            case .rejected: self = .rejected
            case .invalid: self = .invalid
            case .quarantined: self = .quarantined
            case .outOfOrder: self = .outOfOrder
            case .damaged: self = .damaged
            }
        }

        /// Why it was dropped; `nil` when it was not.
        var reason: OutboxDropReason? {
            switch self {
            case .acknowledged: nil
            case .tooOld: .tooOld
            case .overflow: .overflow
            case .rejected: .rejected
            case .invalid: .invalid
            case .quarantined: .quarantined
            case .outOfOrder: .outOfOrder
            case .damaged: .damaged
            }
        }
    }

    /// Where the samples were.
    enum Place: Equatable {
        /// In a block.
        case block(shard: Int, sequence: UInt64)
        /// In one that cannot be told any more.
        case unknown
        /// Nowhere: they were never written, and count as enqueued by this event.
        case outside
    }

    static let size = 16
    private static let unknownShard = UInt16.max
    private static let outsideShard = UInt16.max - 1

    let place: Place
    let outcome: Outcome
    let count: Int

    init(_ place: Place, _ outcome: Outcome, _ count: Int) {
        self.place = place
        self.outcome = outcome
        self.count = count
    }

    /// Reads events; what is not known is left out.
    static func read(_ bytes: ArraySlice<UInt8>) -> [OutboxEvent] {
        bytes.withUnsafeBytes { bytes in
            stride(from: 0, through: bytes.count - size, by: size).compactMap { start in
                func number<Number: FixedWidthInteger>(_ place: Int) -> Number {
                    Number(littleEndian: bytes.loadUnaligned(fromByteOffset: start + place, as: Number.self))
                }
                guard let outcome = Outcome(rawValue: number(14)) else { return nil }
                let shard: UInt16 = number(12)
                let place: Place =
                    switch shard {
                    case unknownShard: .unknown
                    case outsideShard: .outside
                    default: .block(shard: Int(shard), sequence: number(0))
                    }
                return OutboxEvent(place, outcome, Int(number(8) as UInt32))
            }
        }
    }

    /// Writes it.
    func write(to bytes: inout [UInt8]) {
        func add(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        let (shard, sequence): (UInt16, UInt64) =
            switch place {
            case .unknown: (Self.unknownShard, 0)
            case .outside: (Self.outsideShard, 0)
            case .block(let shard, let sequence): (UInt16(shard), sequence)
            }
        add(sequence)
        add(UInt32(clamping: count))
        add(shard)
        add(outcome.rawValue)
        add(UInt8(0))
    }
}

extension OutboxAccounting {
    /// Counts samples that came to an end; those that were pending are still.
    mutating func count(_ event: OutboxEvent) {
        if event.place == .outside { enqueued += event.count }
        if let reason = event.outcome.reason {
            dropped[reason, default: 0] += event.count
        } else {
            acknowledged += event.count
        }
    }

    /// Mends the sum after damage: what is nowhere is damaged; what waits although it was settled is not settled.
    ///
    /// - Returns: how many samples are nowhere.
    mutating func balance() -> Int {
        let lost = enqueued - acknowledged - pending - droppedInAll
        if lost > 0 {
            dropped[.damaged, default: 0] += lost
        } else if lost < 0 {
            let taken = min(acknowledged, -lost)
            acknowledged -= taken
            enqueued += -lost - taken
        }
        return max(0, lost)
    }
}

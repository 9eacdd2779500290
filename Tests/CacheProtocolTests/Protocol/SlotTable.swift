import MillraceCaching

/// A slot, by its number in the ``SlotTable``.
struct SlotCode: Hashable {
    static let absent = SlotCode(number: 0)
    let number: UInt8
}

/// What every transition makes of every slot, worked out once by the very ``SharedSlot`` that adapters hold to.
struct SlotTable {
    /// Nothing but versions matters.
    private struct Nothing: Hashable {}
    private typealias Slot = SharedSlot<UInt8, Nothing>

    /// A transition, and who asks for it under which version.
    enum Transition: Hashable {
        case lease(UInt8, replacing: UInt8)
        case fill(UInt8, UInt8)
        case release(UInt8)
        case mark(UInt8)
        case finish(UInt8, UInt8)
        case abort(UInt8)
        case kill(UInt8)

        /// Who asks: writers are 0 and 1, readers 2 and 3.
        static let tokens: Range<UInt8> = 0..<4
        static let versions: Range<UInt8> = 0..<8

        private static let kinds = 7

        fileprivate static let all: [Transition] = tokens.flatMap { token in
            versions.flatMap { version in
                [
                    .lease(token, replacing: version), .fill(token, version), .release(token), .mark(token),
                    .finish(token, version), .abort(token), .kill(version),
                ]
            }
        }

        fileprivate static let count = tokens.count * versions.count * kinds

        /// One number for each.
        var index: Int {
            switch self {
            case .lease(let token, let version): place(token, version, 0)
            case .fill(let token, let version): place(token, version, 1)
            case .release(let token): place(token, 0, 2)
            case .mark(let token): place(token, 0, 3)
            case .finish(let token, let version): place(token, version, 4)
            case .abort(let token): place(token, 0, 5)
            case .kill(let version): place(0, version, 6)
            }
        }

        private func place(_ token: UInt8, _ version: UInt8, _ kind: Int) -> Int {
            (Int(token) * Self.versions.count + Int(version)) * Self.kinds + kind
        }
    }

    /// What a slot is.
    enum Kind: UInt8 { case absent, value, lease, mark }

    private(set) var kinds: [Kind] = []
    /// The version of a value; 0 for all else.
    private(set) var versions: [UInt8] = []
    /// The bits of those who hold a lease or a mark.
    private(set) var holders: [UInt8] = []
    private var results: [UInt8] = []

    /// Works all out that can come of an absent slot.
    init(_ guards: Guards) {
        var slots = [Slot()]
        var numbers: [Slot: UInt8] = [Slot(): 0]
        var next = 0
        while next < slots.count {
            note(slots[next])
            var row = [UInt8](repeating: 0, count: Transition.count)
            for transition in Transition.all {
                let result = Self.result(of: transition, on: slots[next], guards)
                if numbers[result] == nil {
                    numbers[result] = UInt8(slots.count)
                    slots.append(result)
                }
                row[transition.index] = numbers[result] ?? 0
            }
            results += row
            next += 1
        }
    }

    func kind(_ slot: SlotCode) -> Kind { kinds[Int(slot.number)] }
    func version(_ slot: SlotCode) -> UInt8 { versions[Int(slot.number)] }
    func holders(_ slot: SlotCode) -> UInt8 { holders[Int(slot.number)] }

    func apply(_ transition: Transition, to slot: inout SlotCode) {
        apply(transition.index, to: &slot)
    }

    /// Applies the transition of an index.
    func apply(_ index: Int, to slot: inout SlotCode) {
        slot = SlotCode(number: results[Int(slot.number) * Transition.count + index])
    }

    private mutating func note(_ slot: Slot) {
        var version: UInt8 = 0
        var holders: UInt8 = 0
        switch slot.content {
        case .absent: kinds.append(.absent)
        case .value(let present, _):
            kinds.append(.value)
            version = UInt8(present)
        case .lease(let token):
            kinds.append(.lease)
            holders = 1 << token
        case .mark(_, let tokens):
            kinds.append(.mark)
            for token in tokens { holders |= 1 << token }
        }
        versions.append(version)
        self.holders.append(holders)
    }

    private static func result(of transition: Transition, on slot: Slot, _ guards: Guards) -> Slot {
        var slot = slot
        switch transition {
        case .lease(let token, let version): _ = slot.lease(token, replacing: version == 0 ? nil : Int64(version))
        case .fill(let token, let version):
            if !guards.has(.conditionalFill) || (!guards.has(.lease) && slot.content == .absent) {
                slot.content = .value(version: Int64(version), Nothing())
            } else {
                _ = slot.fill(token, version: Int64(version), Nothing())
            }
        case .release(let token): slot.release(token)
        case .mark(let token):
            if !guards.has(.tokens) { slot.content = .absent }
            slot.mark(token)
        case .finish(let token, let version):
            if !guards.has(.floor), case .mark(_, let tokens) = slot.content {
                slot.content = .mark(floor: 0, tokens)
            }
            _ = slot.finish(token, version: Int64(version), Nothing())
        case .abort(let token): slot.abort(token)
        case .kill(let version): slot.kill(olderThan: Int64(version))
        }
        // The order of the tokens says which goes first when there are too many; here there are two.
        if case .mark(let floor, let tokens) = slot.content { slot.content = .mark(floor: floor, tokens.sorted()) }
        return slot
    }
}

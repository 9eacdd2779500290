import MillraceTesting

/// A broken adapter, and the rules that must notice.
struct Mutant<Lab: Sendable>: Sendable {
    let name: String
    let rules: [String]
    let tamper: @Sendable (inout Lab) -> Void

    init(_ name: String, caughtBy rules: String..., tamper: @escaping @Sendable (inout Lab) -> Void) {
        self.name = name
        self.rules = rules
        self.tamper = tamper
    }
}

typealias StoreMutant = Mutant<StoreLab>
typealias CacheMutant = Mutant<CacheLab>

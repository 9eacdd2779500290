import Foundation

/// SplitMix64: the same seed gives the same numbers, so that a random test that fails can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// The seed of a random test: MILLRACE_SEED when it is set, else a new one. Printed either way.
    static func seed(for test: String = #function) -> UInt64 {
        let chosen = ProcessInfo.processInfo.environment["MILLRACE_SEED"].flatMap(UInt64.init)
        let seed = chosen ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): MILLRACE_SEED=\(seed)")
        return seed
    }
}

internal import Synchronization

/// An atomic number and nothing else: no name, no labels, nobody who reads it.
public final class BareCounter: Sendable {
    private let count = Atomic<Int>(0)

    /// Makes one that stands at zero.
    public init() {}

    /// What was counted.
    public var value: Int { count.load(ordering: .relaxed) }

    /// Adds one so many times, each by the one instruction that the processor has for it.
    public func add(times: Int) {
        for _ in 0..<times { count.wrappingAdd(1, ordering: .relaxed) }
    }
}

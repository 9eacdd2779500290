internal import Synchronization

extension Atomic<UInt64> {
    /// Replaces the value by one that is made of it; the closure runs again when another thread was faster.
    func update(_ change: (UInt64) -> UInt64) {
        var present = load(ordering: .relaxed)
        while true {
            let result = weakCompareExchange(expected: present, desired: change(present), ordering: .relaxed)
            guard !result.exchanged else { return }
            present = result.original
        }
    }

    /// Adds to a floating-point number that is kept by its bits.
    func addAsDouble(_ amount: Double) {
        update { (Double(bitPattern: $0) + amount).bitPattern }
    }
}

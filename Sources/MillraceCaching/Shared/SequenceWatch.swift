/// Notices that messages are missing, by their numbers. Pure.
///
/// Each channel numbers its own. Any number but the next one is a gap: also a smaller one, for then the tier has lost its
/// count, and who knows what else.
struct SequenceWatch: Sendable {
    private var last: [Int: Int64] = [:]

    /// Takes note of a message.
    ///
    /// - Returns: whether all since the last one of its channel were heard; true for a channel's first, before which
    ///   nothing was expected.
    mutating func isNext(_ sequence: Int64, on channel: Int) -> Bool {
        let previous = last.updateValue(sequence, forKey: channel)
        return previous.map { sequence == $0 + 1 } ?? true
    }

    /// Begins anew, as after a connection was lost: what comes next is the first.
    mutating func reset() {
        last = [:]
    }
}

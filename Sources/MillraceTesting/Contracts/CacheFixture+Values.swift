internal import Foundation
internal import MillraceCore

extension CacheKey {
    static let sample = CacheKey(stored: "sample")
}

extension CachePattern {
    /// A pattern that a rule writes down.
    static func known(_ text: String) throws -> CachePattern { try CachePattern(text) }
}

extension CacheValue {
    static func text(_ text: String) -> CacheValue { CacheValue(bytes: Data(text.utf8)) }
}

/// What cache rules begin with.
extension CacheFixture {
    var now: Timestamp { clock.timeOfDay }

    func ttl(_ seconds: Double) throws -> TTL { try TTL(.seconds(seconds)) }
}

extension CacheChanges {
    /// The same, whatever the time was at the authority: not every one has a clock of its own.
    var untimed: CacheChanges { CacheChanges(newest: newest, writes: writes, rules: rules) }
}

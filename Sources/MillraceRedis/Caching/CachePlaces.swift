internal import Foundation
internal import MillraceCaching
internal import MillraceCore

/// The names of what the cache of one store keeps in Redis.
///
/// All begin with the store's id, so that two stores on one server never mix. What one script touches has one hash tag.
struct CachePlaces: Sendable {
    let store: String

    /// How far Redis has heard, and what in it is ruled out.
    var journal: String { "{mr:\(store)}:journal" }
    /// Proves that this server was told all that was sent before it.
    func proof(_ name: UUID) -> String { "{mr:\(store)}:told:\(name)" }
    /// Who purges on behalf of others.
    var purger: String { "{mr:\(store)}:purger" }
    /// The number of the last message about a pattern, and where such messages come.
    var sequence: String { "{mr:\(store)}:seq" }
    var channel: String { "{mr:\(store)}:bus" }

    /// The number of the last message of a bucket, and where its messages come.
    func sequence(_ bucket: Int) -> String { "{mr:\(store):\(bucket)}:seq" }
    func channel(_ bucket: Int) -> String { "{mr:\(store):\(bucket)}:bus" }

    func slot(_ key: CacheKey, _ epoch: SharedCursor.Epoch) -> String {
        "{mr:\(store):\(SharedBucket.number(of: key))}:\(epoch):v:\(key.text)"
    }

    /// All channels, that of the patterns last.
    var channels: [String] { (0..<SharedBucket.count).map(channel) + [channel] }

    /// Finds the slots of an epoch, of whichever bucket; nothing in it is special to Redis but the star.
    func slots(_ epoch: SharedCursor.Epoch) -> String { "{mr:\(store):*}:\(epoch):v:*" }

    /// Reads the names that ``slots(_:)`` finds.
    func slotReader(_ epoch: SharedCursor.Epoch) -> SlotReader {
        SlotReader(beforeBucket: "{mr:\(store):", beforeKey: "}:\(epoch):v:")
    }

    /// Tells of a name which slot it is, for very many of them.
    struct SlotReader {
        fileprivate let beforeBucket: String
        fileprivate let beforeKey: String

        /// The bucket and the key; `nil` when the name is not that of a slot, whoever gave it.
        func read(_ name: String) -> (bucket: Int, key: CacheKey)? {
            let text = name.utf8
            guard text.starts(with: beforeBucket.utf8) else { return nil }
            let behind = text.dropFirst(beforeBucket.utf8.count)
            let digits = behind.prefix { $0 != UInt8(ascii: "}") }
            let rest = behind[digits.endIndex...]
            guard rest.starts(with: beforeKey.utf8),
                let key = try? CacheKey(String(Substring(rest.dropFirst(beforeKey.utf8.count))))
            else { return nil }
            let bucket = SharedBucket.number(of: key)
            return digits.elementsEqual(String(bucket).utf8) ? (bucket, key) : nil
        }
    }
}

internal import ArgumentParser
internal import Foundation
internal import Millrace

/// `millrace cache get`.
struct GetCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print a cached value, byte for byte.",
        discussion: """
            Of several keys it prints a line for each, in order: the tier that answered (L1 memory, L2 Redis, L3 the \
            store), the seconds that remain, the key, and the value with ? for what is no text.

            Exit status: 1 when there is no value under a key.
            """)

    @Argument(help: "The keys of the values.")
    var keys: [String]

    @OptionGroup var stored: StoredCache

    @Flag(
        help:
            "Print a JSON object for each: key, tier, remainingSeconds, bytes, and value or, if it is no text, base64.")
    var json = false

    private struct Line: Encodable {
        let key: String
        let tier: String
        let remainingSeconds: Double
        let bytes: Int
        var value: String?
        var base64: String?

        init(_ key: CacheKey, _ hit: CacheHit) {
            self.key = key.text
            tier = hit.tier.rawValue
            remainingSeconds = (hit.remaining.duration.inSeconds * 1_000).rounded() / 1_000
            bytes = hit.value.bytes.count
            value = String(bytes: hit.value.bytes, encoding: .utf8).flatMap { $0.utf8.contains(0) ? nil : $0 }
            base64 = value == nil ? hit.value.bytes.base64EncodedString() : nil
        }
    }

    func validate() throws {
        for key in keys { _ = try typed { () throws(InvalidValue) in try CacheKey(key) } }
    }

    func run() async throws {
        try await stored.open { cache in
            var missing: StoreError?
            for key in keys {
                let key = try CacheKey(key)
                if let hit = try await cache.get(key) {
                    try write(key, hit)
                } else if missing == nil {
                    missing = .noValue(key)
                }
            }
            if let missing { throw missing }
        }
    }

    private func write(_ key: CacheKey, _ hit: CacheHit) throws {
        let line = Line(key, hit)
        if json {
            FileDescriptor.standardOutput.writeAll(try JSONText(encoding: line).text + "\n")
        } else if keys.count == 1 {
            FileDescriptor.standardOutput.writeAll(hit.value.bytes)
        } else {
            let value = OneLine.of(String(decoding: hit.value.bytes, as: UTF8.self))
            let cells = [line.tier, "\(line.remainingSeconds)", key.text, value]
            FileDescriptor.standardOutput.writeAll(cells.joined(separator: "\t") + "\n")
        }
    }
}

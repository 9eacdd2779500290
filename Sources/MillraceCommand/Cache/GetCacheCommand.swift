internal import ArgumentParser
internal import Foundation
internal import Millrace

/// `millrace cache get`.
struct GetCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print a cached value, byte for byte.",
        discussion: "Exit status: 1 when there is no value under the key.")

    @Argument(help: "The key of the value.")
    var key: String

    @OptionGroup var stored: StoredCache

    @Flag(help: "Print one JSON object: key, tier, remainingSeconds, bytes, and value or, if it is no text, base64.")
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
        _ = try typed { () throws(InvalidValue) in try CacheKey(key) }
    }

    func run() async throws {
        try await stored.open { cache in
            let key = try CacheKey(key)
            guard let hit = try await cache.get(key) else { throw StoreError.noValue(key) }
            if json {
                FileDescriptor.standardOutput.writeAll(try JSONText(encoding: Line(key, hit)).text + "\n")
            } else {
                FileDescriptor.standardOutput.writeAll(hit.value.bytes)
            }
        }
    }
}

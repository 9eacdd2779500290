internal import ArgumentParser
internal import Foundation
internal import Millrace

/// `millrace cache put`.
struct PutCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Keep a value in the cache; replaces one that is there.")

    /// No larger value is read.
    private static let maximumBytes = 256 << 20

    @Argument(help: "The key of the value: 1 to 500 bytes without control characters.")
    var key: String

    @Argument(help: "The value; without it standard input is read, byte for byte.")
    var value: String?

    @Option(
        help: ArgumentHelp(
            "How long to keep it: a number of seconds, or with s, m, h or d behind it, as in 12h.", valueName: "time"))
    var ttl = "30d"

    @OptionGroup var stored: StoredCache

    func validate() throws {
        _ = try typed { () throws(InvalidValue) in try CacheKey(key) }
        _ = try parsedTTL()
    }

    func run() async throws {
        try await stored.open { cache in
            let bytes = if let value { Data(value.utf8) } else { try await Self.standardInput() }
            try stored.log(try await cache.put(CacheKey(key), CacheValue(bytes: bytes), ttl: parsedTTL()))
        }
    }

    private func parsedTTL() throws -> TTL {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let unit = ttl.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? ttl : String(ttl.dropLast())), number.isFinite, number < 1e10 else {
            throw ValidationError("--ttl must be a number of seconds, or with s, m, h or d behind it, as in 12h.")
        }
        do throws(InvalidValue) {
            return try TTL(.seconds(number * (unit ?? 1)))
        } catch {
            throw ValidationError("--ttl \(error.reason).")
        }
    }

    /// All of standard input, read by a thread of its own.
    private static func standardInput() async throws -> Data {
        let bytes = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result { try FileHandle.standardInput.read(upToCount: maximumBytes + 1) ?? Data() })
            }
        }
        guard bytes.count <= maximumBytes else {
            throw StoreError(.invalid, "the value is larger than \(maximumBytes >> 20) MiB; nothing was put")
        }
        return bytes
    }
}

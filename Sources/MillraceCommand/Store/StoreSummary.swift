internal import Foundation
internal import Millrace

/// A store as `millrace store info` prints it.
struct StoreSummary: Encodable {
    struct Cache: Encodable {
        let entries: Int
        let expired: Int
    }

    let path: String
    let id: String
    let schemaVersion: Int
    let fileBytes: Int64
    let journalBytes: Int64
    let freeBytes: Int64
    let jobs: [String: Int]
    let processings: [String: Int]
    let chunks: [String: Int]
    let transcripts: [String: Int]
    let cache: Cache
    let samples: Int
    let oldest: String?
    let newest: String?
    let workers: Int

    init(_ info: StoreInfo) {
        path = info.path
        id = info.storeID
        schemaVersion = info.schemaVersion
        fileBytes = info.fileBytes
        journalBytes = info.journalBytes
        freeBytes = info.freeBytes
        jobs = Self.counts(info.jobs)
        processings = Self.counts(info.processings)
        chunks = Self.counts(info.chunks)
        transcripts = Self.counts(info.transcripts)
        cache = Cache(entries: info.cacheEntries, expired: info.expiredCacheEntries)
        samples = info.samples
        oldest = info.oldest.map(Self.text)
        newest = info.newest.map(Self.text)
        workers = info.workers
    }

    /// A line for each fact.
    var table: String {
        let sizes = "\(Self.size(fileBytes)), \(Self.size(journalBytes)) of log, \(Self.size(freeBytes)) free inside"
        let facts = [
            ("Store", OneLine.of(path)), ("Identity", id), ("Schema", "version \(schemaVersion)"), ("Size", sizes),
            ("Transcripts", Self.line(transcripts)), ("Processings", Self.line(processings)),
            ("Chunks", Self.line(chunks)), ("Jobs", Self.line(jobs)),
            ("Cache", "\(cache.entries) values, \(cache.expired) expired"),
            ("Metrics", "\(samples) sample\(samples == 1 ? "" : "s")"),
            ("Oldest", oldest ?? "nothing yet"), ("Newest", newest ?? "nothing yet"), ("Workers", "\(workers) alive"),
        ]
        return facts.map { $0.padding(toLength: 13, withPad: " ", startingAt: 0) + $1 + "\n" }.joined()
    }

    private static func counts<Status: RawRepresentable>(_ counts: [Status: Int]) -> [String: Int]
    where Status.RawValue == String {
        Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })
    }

    private static func line(_ counts: [String: Int]) -> String {
        guard !counts.isEmpty else { return "none" }
        return counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func size(_ bytes: Int64) -> String {
        bytes < 1_000_000 ? "\((bytes + 999) / 1_000) kB" : String(format: "%.1f MB", Double(bytes) / 1_000_000)
    }

    private static func text(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.microseconds) / 1_000_000).formatted(.iso8601)
    }
}

internal import Foundation
internal import MillraceCore

/// The batches that were refused, one file each, of which the newest are kept. Calls block the thread.
struct QuarantineFolder {
    private struct Note: Codable {
        var reason: OutboxDropReason
        var status: Int?
        var answer: String
    }

    /// One that was refused, on its way to the disk.
    struct Item {
        var quarantined: OutboxQuarantined
        var shard: Int
        var sequence: UInt64
        var time: Timestamp
    }

    private static let ending = ".batch"

    private let path: String
    private let maximumCount: Int
    private let maximumBytes: Int

    /// Of a slot; an eighth of what the outbox may take is theirs.
    init(of slot: String, options: OutboxOptions) {
        path = Self.path(of: slot)
        maximumCount = options.maximumQuarantined
        maximumBytes = options.maximumBytes / 8
    }

    private static func path(of slot: String) -> String { "\(slot)/quarantine" }

    /// Keeps a batch, and deletes the oldest beyond the limits. What the disk does not take is not kept.
    func add(_ item: Item) {
        guard maximumCount > 0, let record = Self.record(item), record.count <= maximumBytes else { return }
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var numbers = Self.numbers(in: path)
        var sizes = numbers.map { Self.size(file($0)) }
        while !numbers.isEmpty,
            numbers.count >= maximumCount || sizes.reduce(record.count, +) > maximumBytes
        {
            unlink(file(numbers.removeFirst()))
            sizes.removeFirst()
        }
        let path = file((numbers.last ?? 0) + 1)
        if FileManager.default.createFile(
            atPath: path, contents: Data(record), attributes: [.posixPermissions: 0o600]) == false
        {
            unlink(path)
        }
    }

    /// What a slot keeps, oldest first; files that are damaged are left out.
    static func batches(of slot: String) -> [QuarantinedBatch] {
        let path = path(of: slot)
        return numbers(in: path).compactMap { number in
            FileManager.default.contents(atPath: file(number, in: path)).flatMap { batch([UInt8]($0)) }
        }
    }

    /// Length of the note, the note, the body.
    private static func record(_ item: Item) -> [UInt8]? {
        let quarantined = item.quarantined
        let answer = String(
            decoding: quarantined.answer.utf8.prefix(OutboxQuarantined.maximumAnswerBytes), as: UTF8.self)
        let note = Note(reason: quarantined.reason, status: quarantined.status, answer: answer)
        guard let encoded = try? JSONEncoder().encode(note) else { return nil }
        var body: [UInt8] = []
        withUnsafeBytes(of: UInt32(encoded.count).littleEndian) { body.append(contentsOf: $0) }
        body += encoded
        body += quarantined.body
        var head = RecordHead(.quarantine, body: body)
        head.shard = item.shard
        head.sequence = item.sequence
        head.sampleCount = quarantined.sampleCount
        head.oldest = item.time
        head.newest = item.time
        var record: [UInt8] = []
        head.write(body, to: &record)
        return record
    }

    private static func batch(_ bytes: [UInt8]) -> QuarantinedBatch? {
        let start = RecordHead.size
        guard let head = RecordHead(bytes, at: 0), head.kind == .quarantine, head.bodyCount == bytes.count - start,
            head.bodyCount >= 4, head.checksum == RecordHead.sum(bytes[start...])
        else { return nil }
        let length = bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= head.bodyCount - 4,
            let note = try? JSONDecoder().decode(Note.self, from: Data(bytes[start + 4..<start + 4 + length]))
        else { return nil }
        let body = Array(bytes[(start + 4 + length)...])
        return QuarantinedBatch(
            time: head.oldest, shard: head.shard, sequence: head.sequence, reason: note.reason, status: note.status,
            answer: note.answer, sampleCount: head.sampleCount, body: body)
    }

    private static func numbers(in path: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(ending) }.compactMap { Int($0.dropLast(ending.utf8.count)) }.sorted()
    }

    private static func size(_ file: String) -> Int {
        var facts = stat()
        return lstat(file, &facts) == 0 ? Int(facts.st_size) : 0
    }

    private static func file(_ number: Int, in path: String) -> String { "\(path)/\(number)\(ending)" }

    private func file(_ number: Int) -> String { Self.file(number, in: path) }
}

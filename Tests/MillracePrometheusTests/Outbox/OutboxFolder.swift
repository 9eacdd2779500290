import Foundation
import MillraceCore

@testable import MillracePrometheus

/// A folder of outboxes that a test has to itself, removed with it; and samples to put into them.
final class OutboxFolder: Sendable {
    static let start = Timestamp(microseconds: 1_700_000_000_000_000)

    let path = NSTemporaryDirectory() + "millrace-outbox-tests-" + UUID().uuidString

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The folder of a slot.
    func slot(_ number: Int = 0) -> String { "\(path)/\(number)" }

    func open(_ options: OutboxOptions = OutboxOptions(shardCount: 2, syncWindow: .zero)) async throws -> Outbox {
        try await Outbox.open(folder: path, options: options)
    }

    /// The files of the log, oldest first.
    func files(of slot: Int = 0) throws -> [String] {
        try SegmentFile.numbers(in: self.slot(slot)).map { SegmentFile.path($0, in: self.slot(slot)) }
    }

    /// A copy of it as it lies there now.
    func copy() throws -> OutboxFolder {
        let copy = OutboxFolder()
        try FileManager.default.copyItem(atPath: path, toPath: copy.path)
        return copy
    }

    /// Samples that can be told by their number.
    static func draft(_ number: Int, shard: Int = 0, samples: Int = 3, bytes: Int = 40) -> OutboxDraft {
        let time = start + .seconds(number)
        return OutboxDraft(
            shard: shard, sampleCount: samples, oldest: time, newest: time + .milliseconds(1),
            body: body(number, bytes: bytes))
    }

    static func body(_ number: Int, bytes: Int = 40) -> [UInt8] {
        let text = Array("draft \(number) ".utf8)
        return (0..<bytes).map { text[$0 % text.count] }
    }
}

extension Outbox {
    /// All blocks that wait in a shard.
    func all(shard: Int = 0) async -> [OutboxBlock] { await next(shard: shard, upTo: .max) }
}

import Foundation

/// A folder for outboxes, removed with it.
final class TemporaryOutboxFolder: Sendable {
    let path = NSTemporaryDirectory() + "millrace-outbox-tests-" + UUID().uuidString

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

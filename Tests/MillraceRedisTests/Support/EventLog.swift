import MillraceRedis
import NIOCore
import Synchronization

/// What a subscription told, in a form that can be compared.
final class EventLog: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func note(_ event: RedisSubscription.Event) {
        let line =
            switch event {
            case .message(let channel, let payload): "\(channel): \(String(buffer: payload))"
            case .gap: "gap"
            case .lost(let error): "lost \(error.code)"
            }
        lines.withLock { $0.append(line) }
    }

    /// Waits until so many events are there.
    func first(_ count: Int) async throws -> [String] {
        try await eventually { all.count >= count }
        return all
    }
}

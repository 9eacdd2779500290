internal import Foundation
internal import MillraceCore
internal import NIOCore

/// What Redis is told of a job: its identity, and its place as a number.
struct JobHint: Sendable, Hashable {
    /// As it stands among what is in flight: 16 bytes of identity, the score in 17 digits, and the suffix of the kind.
    let member: ByteBuffer
    let queue: QueueName
    let id: JobID
    let score: Int64
    let suffix: String

    /// Reads a hint that a script has taken out of a queue's window; `nil` for what is none.
    init?(_ member: ByteBuffer, of queue: QueueName) {
        self.member = member
        self.queue = queue
        var rest = member
        guard let id = rest.readJobID(), let digits = rest.readString(length: Self.digits), let score = Int64(digits)
        else { return nil }
        self.id = id
        self.score = score
        suffix = String(buffer: rest)
    }

    /// A score is a double to Redis, so it has 53 bits: two of them for the priority, 51 for the microseconds since 2020,
    /// which last until 2091. What is older or younger than that is not ordered by its age.
    static func score(of place: JobPlace) -> Int64 {
        let age = min(max(epoch, place.createdAt.microseconds) - epoch, 1 << 51 - 1)
        return Int64(JobPriority.high.rawValue - place.priority.rawValue) << 51 + age
    }

    /// A place as it stands in the state of a window: the score in 17 digits, and 16 bytes of identity.
    static func horizon(at place: JobPlace) -> ByteBuffer {
        let score = "\(score(of: place))"
        var bytes = ByteBuffer(string: String(repeating: "0", count: digits - score.count) + score)
        bytes.writeJobID(place.id)
        return bytes
    }

    /// The place that a horizon names; `nil` for what is none.
    static func place(at horizon: ByteBuffer) -> JobPlace? {
        var rest = horizon
        guard let text = rest.readString(length: digits), let score = Int64(text), let id = rest.readJobID(),
            let priority = JobPriority(rawValue: JobPriority.high.rawValue - Int(score >> 51))
        else { return nil }
        let age = score & (1 << 51 - 1)
        return JobPlace(priority: priority, createdAt: Timestamp(microseconds: epoch + age), id: id)
    }

    private static let digits = 17
    private static let epoch: Int64 = 1_577_836_800_000_000
}

extension ByteBuffer {
    init(jobID id: JobID) {
        self.init()
        writeJobID(id)
    }

    fileprivate mutating func writeJobID(_ id: JobID) {
        _ = withUnsafeBytes(of: id.uuid.uuid) { writeBytes($0) }
    }

    fileprivate mutating func readJobID() -> JobID? {
        guard let bytes = readBytes(length: 16) else { return nil }
        return bytes.withUnsafeBytes { JobID(UUID(uuid: $0.loadUnaligned(as: uuid_t.self))) }
    }

    /// A job's identity, if it is one.
    var jobID: JobID? {
        var rest = self
        guard readableBytes == 16 else { return nil }
        return rest.readJobID()
    }
}

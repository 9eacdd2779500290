import Foundation
import MillraceCore

/// Jobs for the tests of their lives.
enum Jobs {
    static let worker = WorkerID(UUID(uuid: (0, 0, 0, 0, 0, 1, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1)))
    static let type = JobType(stored: "test")

    /// A job with every column filled as it may be in a status.
    static func job(_ status: JobStatus, retryCount: Int = 1, maxRetries: Int = 3) -> Job {
        Job(
            JobRequest(type, maxRetries: maxRetries), id: .make(at: .after(0)), createdAt: .after(0),
            state: Job.State(
                status: status, retryCount: retryCount, crashes: 2, leaseToken: LeaseToken(7),
                workerID: status == .processing ? worker : nil,
                scheduledAt: status == .scheduled ? .after(500) : nil, startedAt: .after(1),
                completedAt: status.isOpen ? nil : .after(2), updatedAt: .after(2),
                errorMessage: status == .completed ? nil : "earlier",
                result: status == .completed ? JSONText(stored: "1") : nil))
    }
}

import MillraceCore
import Testing

@Suite struct JobStatusTests {
    /// The moves as the design lists them, written down a second time.
    static let moves: [JobStatus: Set<JobStatus>] = [
        .scheduled: [.queued, .cancelled],
        .queued: [.processing, .scheduled, .cancelled],
        .processing: [.completed, .failed, .scheduled, .queued, .cancelled],
        .completed: [],
        .failed: [.queued],
        .cancelled: [.queued],
    ]

    @Test("Each status moves to exactly those listed", arguments: JobStatus.allCases)
    func next(status: JobStatus) {
        #expect(status.nextStatuses == Self.moves[status])
    }

    @Test("The literal values are those of the tables")
    func literals() {
        #expect(
            JobStatus.allCases.map(\.rawValue)
                == ["QUEUED", "SCHEDULED", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"])
    }

    @Test("Queued, scheduled and processing are open")
    func open() {
        #expect(JobStatus.allCases.filter(\.isOpen) == [.queued, .scheduled, .processing])
    }
}

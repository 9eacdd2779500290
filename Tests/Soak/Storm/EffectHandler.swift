internal import Foundation
internal import MillraceCore
internal import MillraceWorkers

/// Takes a moment, and then writes its effect in the transaction that settles its job.
struct EffectHandler: JobHandler {
    /// What a job asks for.
    struct Payload: Codable, Sendable {
        /// How long it takes before its effect is written.
        var milliseconds: Int
    }

    /// Somebody else has the job by now.
    struct LeaseLost: RetryAdvising, CustomStringConvertible {
        let job: JobID
        var isRetryable: Bool { false }
        var description: String { "the lease of job \(job) was lost; nothing was written" }
    }

    static let type = JobType(known: "effect")

    var jobType: JobType { Self.type }
    let store: any EffectStore
    /// A file without which no job goes on, whatever it is told; `nil` for none.
    var hold: String?
    /// Whether the effect is written before the transaction that settles, so that a kill can part the two.
    var writesApart = false
    /// Is told, a line each, of jobs that were told to end and of leases that were found to be lost.
    var onTrouble: @Sendable (String) -> Void = { _ in }

    func run(_ payload: Payload, in context: JobContext) async throws -> SettledByHandler {
        let job = context.job
        do {
            try await Task.sleep(for: .milliseconds(payload.milliseconds))
        } catch {
            onTrouble("job \(job.id) was told to end")
            throw error
        }
        guard let hold else {
            try await act(for: job)
            return SettledByHandler()
        }
        // In a task that nobody cancels, so that neither the wait nor the store hears that the job is to end.
        let deaf = Task.detached {
            while !FileManager.default.fileExists(atPath: hold) { try await Task.sleep(for: .milliseconds(10)) }
            try await act(for: job)
        }
        try await deaf.value
        return SettledByHandler()
    }

    /// Writes the effect and settles the job, both or neither.
    private func act(for job: Job) async throws {
        if writesApart {
            try await store.note(job.id)
            try await Task.sleep(for: .milliseconds(50))
            let lost = try await store.jobs.settle([JobSettlement(job, .completed(result: nil))])
            return lost.isEmpty ? () : onTrouble("\(LeaseLost(job: job.id))")
        }
        do {
            try await store.noteAndSettle(job)
        } catch let error as LeaseLost {
            onTrouble("\(error)")
            throw error
        }
    }
}

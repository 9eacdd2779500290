internal import Logging
internal import MillraceCore

/// Takes up the work of workers that died, and mends what their death left half done.
struct Rescuer: Sendable {
    let worker: WorkerID
    let jobs: any JobQueueRepository
    let processings: any ProcessingRepository
    let settings: LeaseSettings
    let maxCrashes: Int
    let time: MonotonicTime
    /// Is called when work was taken back.
    let onRescue: @Sendable () -> Void
    let trouble: StoreTrouble
    /// `nil` when nobody measures.
    let metrics: RescueMetrics?
    let logger: Logger

    /// Looks for dead workers, at once and then until the task is cancelled or the store must be mended first.
    func run() async throws {
        var untilSweep = Duration.zero
        while true {
            let isSweepDue = untilSweep <= .zero
            if isSweepDue { untilSweep = settings.sweepInterval }
            try await pass(withSweep: isSweepDue)
            try await time.sleep(for: settings.rescueInterval)
            untilSweep -= settings.rescueInterval
        }
    }

    private func pass(withSweep: Bool) async throws(StoreError) {
        do throws(StoreError) {
            // The kernel knows of a process's end at once; a lease tells it only after ten seconds.
            for other in try await jobs.workers() where other.id != worker {
                if let process = other.process, HostProcess.isGone(process) { try await jobs.retire(other.id) }
            }
            let rescuedJobs = try await jobs.rescue(maxCrashes: maxCrashes)
            let rescuedChunks = try await processings.rescue(maxCrashes: maxCrashes)
            let mended = withSweep ? try await processings.sweep() : []
            metrics?.count(jobs: rescuedJobs.count, chunks: rescuedChunks.count, processings: mended.count)
            guard !rescuedJobs.isEmpty || !rescuedChunks.isEmpty || !mended.isEmpty else { return }
            logger.info(
                "Took back the work of workers that died",
                metadata: [
                    "jobs": "\(rescuedJobs.count)", "chunks": "\(rescuedChunks.count)",
                    "processings-mended": "\(mended.count)",
                ])
            onRescue()
        } catch {
            try trouble.note(error, "Looking for dead workers failed")
        }
    }
}

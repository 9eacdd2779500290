import Logging
import MillraceCore
import MillraceTesting
import MillraceWorkers
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5))) struct MetricsReporterTests {
    private let clock = ManualClock()
    private let metrics: WatchedMetrics
    private let lines = LogLines()
    private let collector: MetricsCollector

    init() throws {
        metrics = WatchedMetrics(clock: clock)
        collector = MetricsCollector(id: .make(at: ManualClock.standardStart), clock: clock)
        try collector.counter("jobs_total", help: "Jobs.").increment()
    }

    private func reporter(isQuiet: Bool = false) -> MetricsReporter {
        MetricsReporter(
            collector, to: metrics, isQuiet: isQuiet, clock: clock, time: MonotonicTime(clock), logger: lines.logger)
    }

    @Test func `values are saved every five seconds`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let reporter = reporter()
            group.addTask { try await reporter.run() }
            for count in 0..<3 {
                try await clock.waitForSleepers(1)
                clock.advance(by: MetricsReporter.standardInterval - .microseconds(1))
                #expect(metrics.saves == count)
                clock.advance(by: .microseconds(1))
                try await eventually { metrics.saves == count + 1 }
            }
            group.cancelAll()
        }
    }

    @Test func `a graceful shutdown saves the last values and says that the series have ended`() async throws {
        let services = ServiceGroup(services: [reporter()], logger: lines.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await clock.waitForSleepers(1)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        #expect(metrics.saves == 1)
        #expect(metrics.saved.map(\.value) == [0, 1])
        // The last value counts for a second, so that whoever looks once a second sees it.
        #expect(metrics.written.count == 1 && metrics.written[0].isStale)
        #expect(metrics.written[0].series.name.text == "jobs_total")
        #expect(metrics.written[0].time == clock.timeOfDay + .seconds(1))
    }

    @Test func `a cancelled reporter has saved the last values too, and says that it was cancelled`() async throws {
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let reporter = reporter()
                group.addTask { try await reporter.run() }
                try await clock.waitForSleepers(1)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        #expect(metrics.saves == 1 && metrics.written.contains(where: \.isStale))
    }

    @Test(arguments: [StoreError.Code.unavailable, .full, .corrupted, .invalid])
    func `a repository that refuses is said once, and once that it takes values again`(
        code: StoreError.Code
    ) async throws {
        metrics.refuse(StoreError(code, "no room"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            let reporter = reporter()
            group.addTask { try await reporter.run() }
            for _ in 0..<3 {
                try await clock.waitForSleepers(1)
                clock.advance(by: MetricsReporter.standardInterval)
            }
            try await clock.waitForSleepers(1)
            metrics.refuse(nil)
            clock.advance(by: MetricsReporter.standardInterval)
            try await eventually { metrics.saves == 1 }
            try await clock.waitForSleepers(1)
            group.cancelAll()
        }
        #expect(
            lines.warnings == ["What is measured cannot be kept; trying again", "What is measured is kept again"])
        #expect(lines.errors == ["no room"])
    }

    @Test func `trouble of a store that others speak for is no warning`() async throws {
        metrics.refuse(StoreError(.unavailable, "away"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            let reporter = reporter(isQuiet: true)
            group.addTask { try await reporter.run() }
            try await clock.waitForSleepers(1)
            clock.advance(by: MetricsReporter.standardInterval)
            try await clock.waitForSleepers(1)
            group.cancelAll()
        }
        #expect(lines.warnings.isEmpty)
    }

    @Test func `a repository that does not answer holds up the end no longer than five seconds`() async throws {
        metrics.fallSilent()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let reporter = reporter()
            group.addTask { try? await reporter.run() }
            try await clock.waitForSleepers(1)
            group.cancelAll()
            // The reporter wakes, and then waits for the repository as long as it may.
            try await eventually { clock.sleeperCount == 1 }
            clock.advance(by: .seconds(5))
            try await group.waitForAll()
        }
        #expect(metrics.saves == 0)
    }
}

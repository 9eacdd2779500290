internal import MillraceCore

/// What reading jobs promises.
enum JobReadRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("the counts say how many jobs stand where, and how long the oldest has waited") { fixture in
            let empty = try await fixture.jobs.jobStats(queueName: .default)
            try requireEqual(empty, JobStats(counts: [:], oldestQueuedAge: nil), "the counts of no jobs")
            for status in JobStatus.allCases where status != .queued { _ = try await fixture.job(in: status) }
            fixture.clock.advance(by: .seconds(1))
            _ = try await fixture.enqueue(2)
            _ = try await fixture.jobs.enqueue(JobRequest(.work, queueName: QueueName(stored: "mail")))
            fixture.clock.advance(by: .seconds(3))
            _ = try await fixture.jobs.enqueue(JobRequest(.work, priority: .high))
            let stats = try await fixture.jobs.jobStats(queueName: .default)
            var counts = Dictionary(uniqueKeysWithValues: JobStatus.allCases.map { ($0, 1) })
            counts[.queued] = 3
            try requireEqual(stats, JobStats(counts: counts, oldestQueuedAge: .seconds(3)), "the counts")
        },
        ContractRule("the jobs of a queue are read in pages, newest first, each once") { fixture in
            var ids: [JobID] = []
            for _ in 0..<5 {
                ids += try await fixture.enqueue(5)
                _ = try await fixture.jobs.enqueue(JobRequest(.work, queueName: QueueName(stored: "mail")))
                fixture.clock.advance(by: .milliseconds(2))
            }
            var read: [JobID] = []
            while true {
                let page = try await fixture.jobs.jobs(of: .default, before: read.last, limit: 7)
                try require(page.count <= 7, "a page of 7 has \(page.count) jobs")
                guard !page.isEmpty, read.count < 100 else { break }
                read += page.map(\.id)
            }
            try requireEqual(read, ids.reversed(), "the jobs of all pages")
            try requireEqual(try await fixture.jobs.jobs(of: .default, before: nil, limit: 0), [], "a page of 0")
        },
        ContractRule("a job that does not exist is nil, and so is its result") { fixture in
            let id = JobID.make(at: fixture.now)
            try requireEqual(try await fixture.jobs.job(id), nil, "a job that does not exist")
            try requireEqual(try await fixture.jobs.result(of: id), nil, "its result")
            let waiting = try await fixture.jobs.enqueue(JobRequest(.work))
            try requireEqual(try await fixture.jobs.result(of: waiting), nil, "the result of a job that waits")
        },
    ]
}

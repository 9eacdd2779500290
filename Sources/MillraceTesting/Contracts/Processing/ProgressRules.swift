internal import MillraceCore

/// What showing and listing processings promises.
enum ProgressRules {
    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("progress never goes back") { fixture in
            let id = try await fixture.started(Plan(chunks: 4)).id
            var seen: [Double] = []
            for shown in [0.3, 0.1, 0.5, 0.0, 0.5] {
                try await fixture.processings.updateProgress(id, progress: shown)
                seen.append(try await fixture.row(id).shownProgress)
            }
            try requireEqual(seen, [0.3, 0.3, 0.5, 0.5, 0.5], "what is shown")
            let held = try await fixture.claimChunks(by: fixture.worker())
            try await fixture.settle(held[0], .completed(.saying("word"), isFromCache: false))
            try requireEqual(try await fixture.row(id).progress, 0.5, "the progress with 1 of 4 chunks")
            try await fixture.settle(Array(held[1...2]), .completed(.saying("word"), isFromCache: false))
            try requireEqual(try await fixture.row(id).progress, 0.75, "the progress with 3 of 4 chunks")
            try await fixture.processings.updateProgress(id, progress: 0.9)
            try await fixture.settle(held[3], .failed(error: "noise"))
            var processor = try await fixture.loaded(id)
            try await fixture.finish(processor)
            processor = try await fixture.loaded(id)
            try processor.resume(at: fixture.now)
            try await fixture.processings.save(processor)
            try requireEqual(try await fixture.row(id).progress, 0.9, "the progress after a resumption")
        },
        ContractRule("shown progress only shows: counters, status and version stay") { fixture in
            let id = try await fixture.started().id
            var before = try await fixture.row(id)
            try await fixture.processings.updateProgress(id, progress: 1)
            var after = try await fixture.row(id)
            try requireEqual(after.shownProgress, 1, "what is shown")
            after.shownProgress = 0
            before.updatedAt = after.updatedAt
            try requireEqual(after, before, "all else in the row")
        },
        ContractRule("progress outside 0…1 is refused") { fixture in
            let id = try await fixture.started().id
            for progress in [-0.001, 1.001, .nan, .infinity, -.infinity] {
                try await requireError(.invalid, "showing a progress of \(progress)") {
                    try await fixture.processings.updateProgress(id, progress: progress)
                }
            }
            try requireEqual(try await fixture.row(id).shownProgress, 0, "what is shown")
            try await requireError(.notFound, "showing the progress of what does not exist") {
                try await fixture.processings.updateProgress(ProcessingID.make(at: fixture.now), progress: 0.5)
            }
        },
        ContractRule("active are the processings that are PROCESSING or MERGING, oldest first, chunks by index") {
            fixture in
            let merging = try await fixture.started(Plan(recording: "merging", chunks: 12))
            try await fixture.transcribeAll()
            let running = try await fixture.started(Plan(recording: "running", chunks: 12, priority: .high))
            _ = try await fixture.claimChunks(5, by: fixture.worker())
            _ = try await fixture.started(Plan(recording: "waiting", engine: .named("nose")))
            var cancelled = try await fixture.started(Plan(recording: "cancelled", engine: .named("eye")))
            try cancelled.cancel(at: fixture.now)
            try await fixture.processings.save(cancelled)
            let expected = [try await fixture.loaded(merging.id), try await fixture.loaded(running.id)]
            let active = try await fixture.processings.activeProcessings()
            try requireEqual(active.map(\.id), expected.map(\.id), "the active processings")
            try requireEqual(active.map { $0.tasks.map(\.index) }, [Array(0..<12), Array(0..<12)], "their chunks")
            try requireEqual(active, expected, "the active processings with their chunks")
        },
        ContractRule("processings are listed as the filter says, newest first, in pages, each once") { fixture in
            var rows: [ParallelProcessor.Row] = []
            for number in 0..<9 {
                let processor = try await fixture.started(Plan(recording: "number \(number)", chunks: 2))
                if number % 3 == 1 {
                    var cancelled = processor
                    try cancelled.cancel(at: fixture.now)
                    try await fixture.processings.save(cancelled)
                } else if number % 3 == 2 {
                    _ = try await fixture.claimChunks(100, by: fixture.worker())
                }
                rows.insert(try await fixture.row(processor.id), at: 0)
            }
            rows = try await current(rows, fixture)
            for statuses: [ProcessingStatus]? in [nil, [], [.cancelled], [.processing], [.cancelled, .processing]] {
                let filter = ProcessingFilter(statuses: statuses)
                var read: [ParallelProcessor.Row] = []
                while read.count < 100 {
                    let page = try await fixture.processings.rows(matching: filter, before: read.last?.id, limit: 2)
                    try require(page.count <= 2, "a page of 2 has \(page.count) processings")
                    guard !page.isEmpty else { break }
                    read += page
                }
                try requireEqual(read, rows.filter(filter.matches), "the processings of all pages of \(filter)")
            }
        },
        ContractRule("chunks are read in pages, in index order, each once") { fixture in
            let id = try await fixture.started(Plan(chunks: 12)).id
            try await fixture.transcribeAll(failing: [5])
            var read: [ChunkTask] = []
            while read.count < 100 {
                let page = try await fixture.processings.chunks(of: id, after: read.last?.index, limit: 5)
                try require(page.count <= 5, "a page of 5 has \(page.count) chunks")
                guard !page.isEmpty else { break }
                read += page
            }
            try requireEqual(read, try await fixture.loaded(id).tasks, "the chunks of all pages")
        },
    ]

    /// The rows as they are by now.
    private static func current(
        _ rows: [ParallelProcessor.Row], _ fixture: StoreFixture
    ) async throws -> [ParallelProcessor.Row] {
        var current: [ParallelProcessor.Row] = []
        for row in rows { current.append(try await fixture.row(row.id)) }
        return current
    }
}

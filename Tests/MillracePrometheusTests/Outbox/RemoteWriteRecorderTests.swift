import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

/// What the recorder lets into an outbox.
@Suite struct RemoteWriteRecorderTests {
    private let folder = OutboxFolder()
    private let start = OutboxFolder.start

    private func series(_ number: Int) throws -> MetricSeries {
        MetricSeries(try MetricName("recorded_total"), try MetricLabels(["n": "\(number)"]))
    }

    @Test func `only what is newer than the last sample of its series goes in`() async throws {
        let outbox = try await folder.open()
        let recorder = RemoteWriteRecorder(outbox)
        let (a, b) = (try series(1), try series(2))
        try await recorder.record([
            MetricSample(a, 1, at: start), MetricSample(b, 1, at: start + .seconds(5)),
            MetricSample(a, 2, at: start + .seconds(1)),
            MetricSample(a, 3, at: start + .seconds(1)), MetricSample(a, 4, at: start),
            MetricSample(a, 5, at: start + .microseconds(1_000_999)), MetricSample(b, 2, at: start + .seconds(6)),
        ])
        try await recorder.record([MetricSample(b, 3, at: start), MetricSample(a, 6, at: start + .seconds(2))])
        #expect(outbox.accounting.enqueued == 9)
        #expect(outbox.accounting.dropped == [.outOfOrder: 4])
        #expect(outbox.accounting.pending == 5)
        #expect(outbox.accounting.isBalanced)
        await outbox.close()
    }

    @Test func `a restart lets nothing in that is not newer than what was there before`() async throws {
        let first = try await folder.open(OutboxOptions(shardCount: 1))
        try await RemoteWriteRecorder(first).record([MetricSample(try series(1), 1, at: start)])
        await first.close()
        let second = try await folder.open(OutboxOptions(shardCount: 1))
        let recorder = RemoteWriteRecorder(second)
        try await recorder.record([MetricSample(try series(1), 2, at: start)])
        #expect(second.accounting.dropped == [.outOfOrder: 1])
        try await recorder.record([MetricSample(try series(1), 2, at: start + .milliseconds(1))])
        #expect(second.accounting.pending == 2)
        await second.close()
    }

    @Test func `samples of a series are in one shard, in blocks of a bounded size`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 3))
        let recorder = RemoteWriteRecorder(outbox, blockSamples: 10)
        let all = try (0..<60).map { try series($0) }
        for step in 0..<5 {
            try await recorder.record(all.map { MetricSample($0, Double(step), at: start + .seconds(step)) })
        }
        var total = 0
        for shard in 0..<3 {
            let expected = all.filter { Int($0.fingerprint % 3) == shard }
            let blocks = await outbox.all(shard: shard)
            #expect(blocks.allSatisfy { $0.sampleCount <= 10 })
            total += blocks.reduce(0) { $0 + $1.sampleCount }
            var encoder = SeriesEncoder()
            for step in 0..<5 {
                for series in expected {
                    encoder.append(MetricSample(series, Double(step), at: start + .seconds(step)))
                }
            }
            #expect(blocks.flatMap { $0.content ?? [] } == encoder.take(), "what the encoder makes of them, joined")
        }
        #expect(total == 300)
        await outbox.close()
    }

    @Test func `no block has two samples of a series, whatever is recorded at once`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 2))
        let recorder = RemoteWriteRecorder(outbox, blockSamples: 4)
        var random = TestSeed.generator()
        let all = try (0..<10).map { try series($0) }
        var next = [Int](repeating: 0, count: 10)
        var expected = 0
        for _ in 0..<20 {
            let samples = (0..<Int.random(in: 1...30, using: &random)).map { _ in
                let number = Int.random(in: 0..<10, using: &random)
                next[number] += Int.random(in: 1...5, using: &random)
                return MetricSample(all[number], Double(next[number]), at: start + .seconds(next[number]))
            }
            try await recorder.record(samples)
            expected += samples.count
        }
        let labels = all.map { EncodedSeries($0).labels }
        var seen = 0
        for shard in 0..<2 {
            var last = [Int64](repeating: .min, count: 10)
            for block in await outbox.all(shard: shard) {
                let content = try #require(block.content)
                let fields = try #require(SeriesFields.read(content))
                let numbers = fields.compactMap { labels.firstIndex(of: Array(content[$0.labels])) }
                #expect(numbers.count == block.sampleCount)
                #expect(Set(numbers).count == block.sampleCount)
                #expect(block.sampleCount <= 4)
                for (field, number) in zip(fields, numbers) {
                    #expect(field.samples.count == 1)
                    #expect(field.samples[0].time > last[number])
                    last[number] = field.samples[0].time
                }
                seen += block.sampleCount
            }
        }
        #expect(seen == expected)
        #expect(outbox.accounting.dropped.isEmpty)
        await outbox.close()
    }

    @Test func `samples that could not be put in may be tried again`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1, maximumBytes: 64 << 10))
        let recorder = RemoteWriteRecorder(outbox)
        let long = randomTexts(3, bytes: 12_000)
        let labels = try MetricLabels(["a": long[0], "b": long[1], "c": long[2]])
        let wide = MetricSample(MetricSeries(try MetricName("wide"), labels), 1, at: start)
        let narrow = MetricSample(try series(1), 1, at: start)
        let error = await #expect(throws: StoreError.self) { try await recorder.record([narrow, wide]) }
        #expect(error?.code == .full)
        try await recorder.record([narrow])
        let late = await #expect(throws: StoreError.self) { try await recorder.record([narrow, wide]) }
        #expect(late?.code == .full)
        #expect(outbox.accounting.pending == 1)
        #expect(outbox.accounting.enqueued == 1 && outbox.accounting.dropped == [:], "or it would be counted each time")
        await outbox.close()
    }

    @Test func `a series with more labels than fit into a block is dropped alone`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1))
        let value = String(repeating: "x", count: MetricLabels.maximumValueBytes)
        let labels = try MetricLabels(Dictionary(uniqueKeysWithValues: (0..<70).map { ("l\($0)", value) }))
        let wide = MetricSample(MetricSeries(try MetricName("wide"), labels), 1, at: start)
        try await RemoteWriteRecorder(outbox).record([wide, MetricSample(try series(1), 1, at: start)])
        #expect(outbox.accounting.pending == 1)
        #expect(outbox.accounting.dropped == [.invalid: 1])
        await outbox.close()
    }

    @Test func `series that ended long ago are forgotten, and still nothing older comes in`() throws {
        var seriesGuard = SeriesGuard(after: [nil])
        let hour = Duration.seconds(3_600)
        func admits(_ number: Int, _ time: Timestamp) throws -> Bool {
            seriesGuard.admit(MetricSample(try series(number), 1, at: time), shard: 0, call: 0) != nil
        }
        #expect(try admits(1, start))
        seriesGuard.forget()
        #expect(try admits(2, start + hour))
        seriesGuard.forget()
        #expect(seriesGuard.count == 2)
        #expect(try admits(2, start + hour + hour + hour))
        seriesGuard.forget()
        #expect(seriesGuard.count == 1)
        #expect(try !admits(1, start), "as it would have been")
        #expect(try admits(1, start + hour + .milliseconds(1)))
    }

    @Test func `many who record at once keep the order of each series`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1, syncWindow: .seconds(10)))
        let recorder = RemoteWriteRecorder(outbox)
        let series = try series(1)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask { try? await recorder.record([MetricSample(series, 1, at: start + .seconds(number))]) }
            }
        }
        let times = await outbox.all().map(\.oldest)
        #expect(times == times.sorted())
        #expect(outbox.accounting.enqueued == 200)
        #expect(outbox.accounting.isBalanced)
        await outbox.close()
    }
}

import MillraceCore
import MillraceTesting
import SwiftProtobuf
import Testing

@testable import MillracePrometheus

@Suite("Blocks that are sent together")
struct SendBatchTests {
    private let first: MetricSeries
    private let second: MetricSeries

    init() throws {
        first = MetricSeries(try MetricName("first"))
        second = MetricSeries(try MetricName("second"))
    }

    @Test("are one body, and are settled by one answer")
    func whole() {
        let blocks = [block(1, [(first, 1)]), block(2, [(second, 1), (second, 2)])]
        #expect(SendBatch([blocks[1]]).body(of: nil) == (blocks[1].body, 2), "one goes out as it is")
        var batch = SendBatch(blocks)
        #expect(content(of: batch, nil) == fields([(first, 1), (second, 1), (second, 2)]))
        #expect(batch.body(of: nil).samples == 3)
        batch.acknowledge(nil)
        #expect(batch.settlements.map(\.acknowledged) == [1, 2] && isBalanced(batch))
    }

    @Test("keep all samples of a series together, in their order, when they are taken apart")
    func apart() {
        let blocks = [block(1, [(first, 1), (second, 1)]), block(2, [(second, 2), (first, 2)])]
        var batch = SendBatch(blocks)
        #expect(batch.read() == 2)
        #expect(batch.labels(of: 0) == EncodedSeries(first).labels && batch.labels(of: 2) == nil)
        #expect(batch.numbers { $0 == EncodedSeries(second).labels } == [1])
        #expect(content(of: batch, [0]) == fields([(first, 1), (first, 2)]))
        batch.refuse([0], .quarantined, status: 500, answer: "no")
        batch.acknowledge(nil)
        let settlements = batch.settlements
        #expect(settlements.map(\.acknowledged) == [1, 1] && isBalanced(batch))
        #expect(settlements[1].quarantined.map(\.body) == [fields([(first, 2)])])
        #expect(settlements[0].quarantined.map(\.status) == [500])
    }

    @Test("are joined as long as no series has two samples, so that a request can be sent again once it was stored")
    func joinable() {
        let blocks = [
            block(1, [(first, 1)]), block(2, [(second, 1)]), block(3, [(first, 2)]), block(4, [(second, 2)]),
        ]
        #expect(SendBatch.joinable(blocks) == Array(blocks[..<2]))
        #expect(SendBatch.joinable(Array(blocks[1...])) == Array(blocks[1..<3]))
        #expect(SendBatch.joinable([blocks[0], blocks[2]]) == [blocks[0]])
        #expect(SendBatch.joinable([blocks[0]]) == [blocks[0]] && SendBatch.joinable([]).isEmpty)
    }

    @Test("lose what is too old, sample by sample, and nothing else")
    func tooOld() throws {
        var encoder = SeriesEncoder()
        encoder.append(EncodedSeries(first), 1, at: time(1))
        encoder.append(EncodedSeries(second), 1, at: time(5))
        let blocks = [
            OutboxBlock(
                shard: 0, sequence: 1, sampleCount: 3, oldest: time(1), newest: time(5),
                body: SnappyBlock.compress(encoder.take() + twoSamples(first, 2, 6))),
            block(2, [(second, 7)]),
        ]
        var batch = SendBatch(blocks)
        #expect(batch.oldest == time(1))
        #expect(batch.read() == nil, "a block whose count is wrong is not understood")
        #expect(batch.blocks == [blocks[0]], "and goes alone")

        let right = OutboxBlock(
            shard: 0, sequence: 1, sampleCount: 4, oldest: time(1), newest: time(6), body: blocks[0].body)
        batch = SendBatch([right, blocks[1]])
        #expect(batch.read() == 2)
        #expect(batch.dropOlder(than: time(3)).isEmpty)
        let left = try Prometheus_WriteRequest(serializedBytes: content(of: batch, nil))
        #expect(left.timeseries.map { $0.samples.map(\.timestamp) } == [[6_000], [5_000], [7_000]])
        #expect(batch.dropOlder(than: time(6)) == [])
        #expect(batch.dropOlder(than: time(7)) == [0])
        batch.acknowledge([1])
        #expect(batch.settlements.map(\.dropped) == [[.tooOld: 4], [:]])
        #expect(batch.settlements.map(\.acknowledged) == [0, 1] && isBalanced(batch))
    }

    @Test("go to quarantine as they are when they cannot be read")
    func unreadable() {
        let block = OutboxBlock(
            shard: 0, sequence: 1, sampleCount: 2, oldest: time(1), newest: time(1), body: [1, 2, 3])
        var batch = SendBatch([block])
        #expect(batch.read() == nil && batch.body(of: [0]).bytes == block.body)
        batch.refuse(nil, .rejected, status: 400, answer: "")
        #expect(batch.settlements[0].quarantined.map(\.body) == [block.body] && isBalanced(batch))
    }

    private func isBalanced(_ batch: SendBatch) -> Bool {
        batch.settlements.allSatisfy { settlement in
            settlement.acknowledged + settlement.dropped.values.reduce(0, +)
                + settlement.quarantined.reduce(0) { $0 + $1.sampleCount } == settlement.block.sampleCount
        }
    }

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }

    private func content(of batch: SendBatch, _ numbers: [Int]?) -> [UInt8] {
        SnappyBlock.decompress(batch.body(of: numbers).bytes, limit: 1_000_000) ?? []
    }

    private func fields(_ samples: [(series: MetricSeries, seconds: Int64)]) -> [UInt8] {
        var encoder = SeriesEncoder()
        for sample in samples {
            encoder.append(EncodedSeries(sample.series), 1, at: time(sample.seconds))
        }
        return encoder.take()
    }

    private func block(_ sequence: UInt64, _ samples: [(series: MetricSeries, seconds: Int64)])
        -> OutboxBlock
    {
        let times = samples.map { time($0.seconds) }
        return OutboxBlock(
            shard: 0, sequence: sequence, sampleCount: samples.count, oldest: times.min() ?? time(0),
            newest: times.max() ?? time(0), body: SnappyBlock.compress(fields(samples)))
    }

    /// A field with two samples, as others may write it.
    private func twoSamples(_ series: MetricSeries, _ first: Int64, _ second: Int64) -> [UInt8] {
        var field = Prometheus_TimeSeries()
        field.labels = OracleRequest.timeSeries(of: MetricSample(series, 0, at: time(0))).labels
        field.samples = [first, second].map { seconds in
            var sample = Prometheus_Sample()
            sample.value = 1
            sample.timestamp = seconds * 1_000
            return sample
        }
        var request = Prometheus_WriteRequest()
        request.timeseries = [field]
        return (try? request.serializedBytes()) ?? []
    }
}

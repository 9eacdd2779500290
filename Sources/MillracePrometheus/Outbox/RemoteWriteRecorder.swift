public import MillraceCore
internal import Synchronization

/// Puts samples into an outbox so that Prometheus can take every one of them.
///
/// Of each series only what is newer than its last sample goes in, also across restarts; the rest is counted as dropped, by
/// ``OutboxDropReason/outOfOrder``. All samples of a series go into one shard, chosen by its fingerprint. May be called
/// by many at once.
public final class RemoteWriteRecorder: Sendable {
    private struct State {
        var seriesGuard: SeriesGuard
        var encoders: [SeriesEncoder]
    }

    /// Samples that were let in, with the time of the one before each.
    private struct Admitted {
        var sample: MetricSample
        var before: Int64?
    }

    /// Where the samples go.
    public let outbox: Outbox

    private let blockSamples: Int
    /// What makes a block full, in bytes.
    private static let blockBytes = 1 << 20
    private let state: Mutex<State>

    /// Makes a recorder; it should be the only one of its outbox. No block gets more samples than `blockSamples`.
    public init(_ outbox: Outbox, blockSamples: Int = 2_000) {
        self.outbox = outbox
        self.blockSamples = max(1, blockSamples)
        let shards = 0..<outbox.shardCount
        state = Mutex(
            State(
                seriesGuard: SeriesGuard(after: shards.map { outbox.newestEnqueued(shard: $0) }),
                encoders: shards.map { _ in SeriesEncoder() }))
    }

    /// Puts samples in; those of a series in their order.
    ///
    /// When it returns they survive the end of this process, and with a window of zero that of the machine.
    ///
    /// - Throws: what ``Outbox/append(_:)`` throws; the same samples may be tried again then.
    public func record(_ samples: [MetricSample]) async throws(StoreError) {
        guard !samples.isEmpty else { return }
        var admitted: [Admitted] = []
        let failure = await withCheckedContinuation { continuation in
            // Within the lock, so that two who record the same series do not overtake each other.
            state.withLock { state in
                let drafts = drafts(of: samples, &state, &admitted)
                outbox.submit(drafts, continuation)
            }
        }
        guard let failure else { return }
        state.withLock { state in
            for entry in admitted.reversed() { state.seriesGuard.takeBack(entry.sample, before: entry.before) }
        }
        throw failure
    }

    private func drafts(of samples: [MetricSample], _ state: inout State, _ admitted: inout [Admitted]) -> [OutboxDraft]
    {
        var drafts: [OutboxDraft] = []
        var (late, unfit) = (0, 0)
        let shardCount = UInt64(state.encoders.count)
        admitted.reserveCapacity(samples.count)
        for sample in samples {
            let shard = Int(sample.series.fingerprint % shardCount)
            guard let (encoded, before) = state.seriesGuard.admit(sample, shard: shard) else {
                late += 1
                continue
            }
            guard encoded.labels.count <= Self.blockBytes else {
                unfit += 1
                continue
            }
            admitted.append(Admitted(sample: sample, before: before))
            if state.encoders[shard].byteCount + encoded.labels.count > Self.blockBytes {
                drafts += draft(shard, &state.encoders[shard])
            }
            state.encoders[shard].append(encoded, sample.value, at: sample.time)
            if state.encoders[shard].sampleCount >= blockSamples { drafts += draft(shard, &state.encoders[shard]) }
        }
        for shard in state.encoders.indices { drafts += draft(shard, &state.encoders[shard]) }
        state.seriesGuard.forget()
        outbox.reject(late, reason: .outOfOrder)
        outbox.reject(unfit, reason: .invalid)
        return drafts
    }

    private func draft(_ shard: Int, _ encoder: inout SeriesEncoder) -> [OutboxDraft] {
        guard let oldest = encoder.oldest, let newest = encoder.newest else { return [] }
        let count = encoder.sampleCount
        return [
            OutboxDraft(shard: shard, sampleCount: count, oldest: oldest, newest: newest, body: encoder.take())
        ]
    }
}

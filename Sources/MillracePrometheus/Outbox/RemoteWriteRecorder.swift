public import MillraceCore
internal import Synchronization

/// Puts samples into an outbox so that Prometheus can take every one of them.
///
/// Of each series only what is newer than its last sample goes in, also across restarts; the rest is counted as dropped, by
/// ``OutboxDropReason/outOfOrder``. All samples of a series go into one shard, chosen by its fingerprint, and no two into one
/// block: a request that was taken without our hearing of it can be repeated then, for Prometheus takes the newest sample of
/// a series twice, but no older one. May be called by many at once.
public final class RemoteWriteRecorder: Sendable {
    private struct State {
        var seriesGuard: SeriesGuard
        /// The number of the last call.
        var call: UInt64 = 0
        /// By layer and shard: the first samples of each series in a call are the first layer, the next ones the second.
        var layers: [[Layer]] = []
    }

    /// Blocks of a shard in the making.
    private struct Layer {
        var encoder = SeriesEncoder()
        var full: [OutboxDraft] = []
    }

    /// What became of the samples of a call.
    private struct Sifted {
        /// The places of those that were let in, with what their times had to be later than.
        var admitted: [(index: Int, before: Int64)] = []
        /// How many were not newer than one before.
        var late = 0
        /// How many have too many labels.
        var unfit = 0
    }

    /// Where the samples go.
    public let outbox: Outbox

    private let blockSamples: Int
    /// What makes a block full, in bytes before they are compressed.
    private static let blockBytes = 1 << 20
    private let state: Mutex<State>

    /// Makes a recorder; it should be the only one of its outbox. No block gets more samples than `blockSamples`.
    public init(_ outbox: Outbox, blockSamples: Int = 2_000) {
        self.outbox = outbox
        self.blockSamples = max(1, blockSamples)
        let newest = (0..<outbox.shardCount).map { outbox.newestEnqueued(shard: $0) }
        state = Mutex(State(seriesGuard: SeriesGuard(after: newest)))
    }

    /// Puts samples in; those of a series in their order.
    ///
    /// When it returns they survive the end of this process, and with a window of zero that of the machine.
    ///
    /// - Throws: what ``Outbox/append(_:)`` throws; the same samples may be tried again then.
    public func record(_ samples: [MetricSample]) async throws(StoreError) {
        guard !samples.isEmpty else { return }
        var sifted = Sifted()
        let failure = await withCheckedContinuation { continuation in
            // Within the lock, so that two who record the same series do not overtake each other.
            state.withLock { state in
                let drafts = drafts(of: samples, &state, &sifted)
                outbox.submit(drafts, continuation)
            }
        }
        guard let failure else {
            outbox.reject(sifted.late, reason: .outOfOrder)
            outbox.reject(sifted.unfit, reason: .invalid)
            return
        }
        state.withLock { state in
            for entry in sifted.admitted.reversed() {
                state.seriesGuard.takeBack(samples[entry.index], before: entry.before)
            }
        }
        throw failure
    }

    private func drafts(
        of samples: [MetricSample], _ state: inout State, _ sifted: inout Sifted
    ) -> [OutboxDraft] {
        let shardCount = UInt64(outbox.shardCount)
        sifted.admitted.reserveCapacity(samples.count)
        state.call += 1
        for (index, sample) in samples.enumerated() {
            let shard = Int(sample.series.fingerprint % shardCount)
            guard let entry = state.seriesGuard.admit(sample, shard: shard, call: state.call) else {
                sifted.late += 1
                continue
            }
            guard entry.encoded.labels.count <= Self.blockBytes else {
                sifted.unfit += 1
                continue
            }
            sifted.admitted.append((index, entry.before))
            if entry.place == state.layers.count {
                state.layers.append((0..<outbox.shardCount).map { _ in Layer() })
            }
            add(sample, entry.encoded, to: &state.layers[entry.place][shard], of: shard)
        }
        state.seriesGuard.forget()
        // One layer behind the other, so that each series keeps its order.
        var drafts: [OutboxDraft] = []
        for layer in state.layers.indices {
            for shard in state.layers[layer].indices { drafts += take(&state.layers[layer][shard], of: shard) }
        }
        // More than these are rare: they come when much of a few series is recorded at once.
        state.layers.removeSubrange(min(2, state.layers.count)...)
        return drafts
    }

    private func add(_ sample: MetricSample, _ encoded: EncodedSeries, to layer: inout Layer, of shard: Int) {
        if layer.encoder.byteCount + encoded.labels.count > Self.blockBytes { close(&layer, of: shard) }
        layer.encoder.append(encoded, sample.value, at: sample.time)
        if layer.encoder.sampleCount >= blockSamples { close(&layer, of: shard) }
    }

    private func take(_ layer: inout Layer, of shard: Int) -> [OutboxDraft] {
        close(&layer, of: shard)
        defer { layer.full = [] }
        return layer.full
    }

    /// Makes a block of what is there.
    private func close(_ layer: inout Layer, of shard: Int) {
        guard let oldest = layer.encoder.oldest, let newest = layer.encoder.newest else { return }
        layer.full.append(
            OutboxDraft(
                shard: shard, sampleCount: layer.encoder.sampleCount, oldest: oldest, newest: newest,
                body: layer.encoder.withBytes { SnappyBlock.compress($0) }))
        layer.encoder.removeAll()
    }
}

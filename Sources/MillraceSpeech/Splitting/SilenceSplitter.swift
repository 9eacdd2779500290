internal import Foundation
public import MillraceCore

/// Finds where to cut a recording: in the middle of pauses, in pieces near the target length.
///
/// Feed it the samples in order, in blocks of any size, then ask for the ranges. It keeps 4 bytes for every 10 ms.
/// The result depends on the samples and the settings alone.
public struct SilenceSplitter: Sendable {
    /// Samples a frame: 10 ms.
    static let frameSize = 160

    private let settings: ChunkSettings
    private var powers: [Float] = []
    private var sum: Int64 = 0
    private var filled = 0
    private var count: Int64 = 0

    /// Makes a splitter that has heard nothing.
    public init(settings: ChunkSettings) {
        self.settings = settings
    }

    /// Hears the next samples.
    public mutating func feed(_ samples: some Sequence<Int16>) {
        for sample in samples {
            // Whole numbers, so that the sum does not depend on how the samples are cut into blocks.
            sum += Int64(sample) * Int64(sample)
            filled += 1
            if filled == Self.frameSize { endFrame() }
        }
    }

    /// The samples heard so far.
    public var sampleCount: Int64 { count + Int64(filled) }

    /// Cuts what was heard: ranges in order that share no sample, leave none out, and are no longer than the settings
    /// allow. Empty when nothing was heard.
    public func ranges() -> [SampleRange] {
        var whole = self
        if whole.filled > 0 { whole.endFrame() }
        let total = whole.count
        guard total > 0 else { return [] }
        let cuts = whole.cuts(total: total)
        return zip([0] + cuts, cuts + [total]).map { SampleRange(uncheckedStart: $0, end: $1) }
    }

    private mutating func endFrame() {
        powers.append(Float(sum) / Float(filled))
        count += Int64(filled)
        sum = 0
        filled = 0
    }

    private func cuts(total: Int64) -> [Int64] {
        let target = Int64(settings.targetSeconds * Double(SampleRange.sampleRate))
        if settings.targetSeconds >= ChunkSettings.onePieceSeconds { return [] }
        let limit = settings.maximumSamples
        if total <= min(target, limit) { return [] }
        let loudness = LoudnessCurve(powers: powers)
        var points = loudness.pauses().flatMap { CutPoint.points(inPause: $0, of: powers.count) }
        points += quietPoints(between: points, loudness: loudness, limit: limit)
        points.sort { $0.frame < $1.frame }
        return CutPlan(target: target, limit: limit, total: total).choose(from: points)
    }

    /// Points for stretches without a pause that are longer than a chunk may be: the quietest frame of every stretch
    /// of a quarter of the target.
    private func quietPoints(between pauses: [CutPoint], loudness: LoudnessCurve, limit: Int64) -> [CutPoint] {
        let frameLimit = Int(limit) / Self.frameSize
        let step = max(1, min(Int(settings.targetSeconds * 25), frameLimit / 4))
        let edges = [0] + pauses.map(\.frame) + [powers.count]
        var points: [CutPoint] = []
        for (left, right) in zip(edges, edges.dropFirst()) where right - left >= frameLimit {
            for start in stride(from: left + 1, to: right, by: step) {
                let stretch = start..<min(start + step, right)
                guard let quietest = loudness.quietest(in: stretch) else { continue }
                points.append(CutPoint(frame: quietest, cost: CutPoint.cost(ofLoudness: loudness.height(at: quietest))))
            }
        }
        return points
    }
}

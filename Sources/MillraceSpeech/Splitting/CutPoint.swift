internal import Foundation

/// A place where a recording may be cut, and how much harm that does.
///
/// Costs are on one scale with the squared deviation of a chunk from the target length, in targets.
struct CutPoint: Sendable {
    /// The frame before which to cut.
    let frame: Int
    /// The harm done.
    let cost: Double

    /// Where a pause may be cut: in its middle; one of more than 4 s at every second, a second away from sound.
    ///
    /// A pause at the very beginning or end has no middle to cut: that would part nothing from the recording.
    static func points(inPause pause: Range<Int>, of frameCount: Int) -> [CutPoint] {
        let cost = cost(ofPauseFrames: pause.count)
        if pause.count > 400 {
            return stride(from: pause.lowerBound + 100, through: pause.upperBound - 100, by: 100)
                .map { CutPoint(frame: $0, cost: cost) }
        }
        if pause.lowerBound == 0 || pause.upperBound == frameCount { return [] }
        return [CutPoint(frame: (pause.lowerBound + pause.upperBound) / 2, cost: cost)]
    }

    /// A pause of 0.2 s costs 0.15, one of a second or more 0.05.
    private static func cost(ofPauseFrames frames: Int) -> Double {
        let seconds = min(1, max(0.2, Double(frames) / 100))
        return 0.05 + 0.1 * (1 - seconds) / 0.8
    }

    /// A cut without a pause costs more than any deviation that pauses in reach can cause, and more where it is loud.
    static func cost(ofLoudness height: Double) -> Double {
        10 + 10 * min(1, max(-0.5, height))
    }
}

internal import MillraceCore

/// The frames of a file to resample for a stretch of 16 kHz samples.
///
/// It begins a little early, at a frame that falls exactly on a sample of 16 kHz, and ends a little late, so that the
/// filter of the resampler has swung in and the samples lie where they do in a pass over the whole recording.
struct SourceStretch: Equatable {
    /// The first frame.
    let start: Int64
    /// The frame behind the last.
    let end: Int64
    /// Samples of 16 kHz to drop from the beginning of what comes out.
    let leadIn: Int

    /// Samples of 16 kHz to resample on either side, at least.
    private static let margin: Int64 = 1_600

    init(of range: SampleRange, sampleRate: Int, frameCount: Int64) {
        let rate = Int64(sampleRate)
        let target = Int64(SampleRange.sampleRate)
        // Samples between two that fall exactly on a frame.
        let unit = target / Self.greatestCommonDivisor(rate, target)
        let first = max(0, range.start - Self.margin) / unit * unit
        start = first * rate / target
        end = min(frameCount, ((range.end + Self.margin) * rate + target - 1) / target)
        leadIn = Int(range.start - first)
    }

    private static func greatestCommonDivisor(_ left: Int64, _ right: Int64) -> Int64 {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}

internal import CSampleRate
internal import MillraceCore

/// Brings mono sound of one rate to 16 kHz, block by block.
final class Resampler {
    private let state: OpaquePointer
    private let ratio: Double
    private var output = [Float](repeating: 0, count: 16_384)

    /// Makes a resampler, or `nil` for a rate that cannot be brought to 16 kHz.
    init?(sourceRate: Int) {
        ratio = Double(SampleRange.sampleRate) / Double(sourceRate)
        var code: Int32 = 0
        guard src_is_valid_ratio(ratio) != 0, let state = src_new(Int32(SRC_SINC_MEDIUM_QUALITY), 1, &code) else {
            return nil
        }
        self.state = state
    }

    deinit {
        src_delete(state)
    }

    /// Feeds `input` and appends what comes out to `samples`; with `isLast` the rest is flushed.
    ///
    /// Returns `false` when the library fails.
    func process(_ input: UnsafeBufferPointer<Float>, isLast: Bool, into samples: inout [Float]) -> Bool {
        var used = 0
        while true {
            let (isFine, consumed, made) = output.withUnsafeMutableBufferPointer { room in
                var data = SRC_DATA()
                data.data_in = input.baseAddress.map { $0 + used }
                data.input_frames = input.count - used
                data.data_out = room.baseAddress
                data.output_frames = room.count
                data.end_of_input = isLast ? 1 : 0
                data.src_ratio = ratio
                let code = src_process(state, &data)
                return (code == 0, data.input_frames_used, data.output_frames_gen)
            }
            guard isFine else { return false }
            samples += output[..<made]
            used += consumed
            if made == 0 && (used == input.count || consumed == 0) { return true }
        }
    }
}

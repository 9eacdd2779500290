/// The sound of one chunk: 16 kHz, mono, 16 bits a sample.
public struct AudioChunk: Sendable, Hashable {
    /// The samples.
    public let samples: [Int16]

    /// Wraps samples of 16 kHz mono.
    public init(samples: [Int16]) {
        self.samples = samples
    }

    /// The length in seconds.
    public var durationSeconds: Double { Double(samples.count) / Double(SampleRange.sampleRate) }
}

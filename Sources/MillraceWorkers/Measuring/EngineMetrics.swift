internal import CoreMetrics
internal import MillraceCore

/// What is measured of the engines of one kind.
final class EngineMetrics: Sendable {
    private let seconds: Timer
    private let audio: FloatingPointCounter
    private let factor: Recorder

    init(of kind: String, in factory: any MetricsFactory) {
        seconds = Timer(
            label: MillraceMetrics.chunkSeconds.name, dimensions: MillraceMetrics.chunkSeconds.dimensions(kind),
            factory: factory)
        audio = FloatingPointCounter(
            label: MillraceMetrics.audioSeconds.name, dimensions: MillraceMetrics.audioSeconds.dimensions(kind),
            factory: factory)
        factor = Recorder(
            label: MillraceMetrics.realTimeFactor.name, dimensions: MillraceMetrics.realTimeFactor.dimensions(kind),
            aggregate: true, factory: factory)
    }

    /// The metrics of each kind; none when nobody measures.
    static func ofKinds(_ engines: some Sequence<EngineIdentity>) -> [String: EngineMetrics] {
        guard let factory = WorkerMetrics.factory else { return [:] }
        return Dictionary(
            engines.map { ($0.kind, EngineMetrics(of: $0.kind, in: factory)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Measures a chunk that was transcribed.
    func note(_ sound: AudioChunk, in duration: Duration) {
        seconds.recordNanoseconds(duration.wholeNanoseconds)
        audio.increment(by: sound.durationSeconds)
        // An answer that takes no time has no speed.
        if duration > .zero { factor.record(sound.durationSeconds / duration.inSeconds) }
    }
}

internal import Foundation
internal import MillraceCore
internal import MillraceSpeech
internal import MillraceTesting

/// Breaks recordings of every kind and reads them.
struct AudioFuzzer: Fuzzer {
    struct Input {
        var bytes: [UInt8]
        /// Where stretches are read, as shares of the whole.
        var stretch: (from: Double, to: Double)
    }

    /// More sound than this is not kept to be compared, in samples.
    private static let longestKept = 4_000_000

    private let recordings: [[UInt8]]
    private let path: String

    init() throws {
        let name = "millrace-fuzz-\(UUID()).audio"
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        recordings = try SampleRecording.all(at: path)
    }

    func finish() {
        unlink(path)
    }

    func makeInput(using generator: inout SeededGenerator) -> Input {
        var bytes = recordings.randomElement(using: &generator) ?? []
        if Int.random(in: 0..<10, using: &generator) == 0, let other = recordings.randomElement(using: &generator) {
            bytes = bytes.prefix(Int.random(in: 0...200, using: &generator)) + other
        }
        Mutation.apply(to: &bytes, using: &generator)
        let places = [Double.random(in: 0..<1, using: &generator), Double.random(in: 0..<1, using: &generator)].sorted()
        return Input(bytes: bytes, stretch: (places[0], places[1]))
    }

    func check(_ input: Input) throws {
        try Data(input.bytes).write(to: URL(fileURLWithPath: path))
        var contradiction: String?
        do throws(TranscriptionError) {
            contradiction = try read(input)
        } catch {
            guard [.unreadable, .noAudio, .notAudio].contains(error.code), error.message.contains(":"),
                !error.message.contains(where: \.isNewline)
            else { throw ContractViolation("refused by an error of kind \(error.code): \(error.message)") }
        }
        if let contradiction { throw ContractViolation(contradiction) }
    }

    func describe(_ input: Input) -> String {
        "\(input.stretch.from)…\(input.stretch.to) of base64 \(Data(input.bytes).base64EncodedString())"
    }

    /// Reads the whole and a stretch of it.
    ///
    /// - Returns: where they contradict each other.
    private func read(_ input: Input) throws(TranscriptionError) -> String? {
        let audio = try AudioFile(path: path)
        var samples: [Int16] = []
        var heard = 0
        let count = try audio.forEachBlock { block in
            heard += block.count
            if heard <= Self.longestKept { samples += block }
        }
        if count != Int64(heard) { return "\(heard) samples were handed on, and \(count) counted" }
        guard audio.isSampleExact else { return nil }
        if count != audio.sampleCount { return "the header says \(audio.sampleCount) samples, \(count) were read" }
        guard heard <= Self.longestKept else { return nil }
        let range = Int(input.stretch.from * Double(heard))..<Int(input.stretch.to * Double(heard))
        let read = try audio.samples(
            in: SampleRange(uncheckedStart: Int64(range.lowerBound), end: Int64(range.upperBound)))
        if read.count != range.count { return "\(read.count) samples of \(range.count) were read" }
        // At other rates the resampler begins anew at every stretch, which shows in the last bit.
        guard audio.sampleRate == SampleRange.sampleRate else { return nil }
        return read.elementsEqual(samples[range]) ? nil : "a stretch differs from the same stretch of the whole"
    }
}

internal import Foundation
internal import MillraceCore
internal import MillraceSpeech
internal import MillraceTesting

/// Gives to the readers of engines' output what no engine should write.
struct EngineOutputFuzzer: Fuzzer {
    enum Reader: CaseIterable {
        case api, command, pocketSphinxCTM, pocketSphinxJSON
    }

    struct Input {
        var reader: Reader
        var bytes: [UInt8]
        var duration: Double
    }

    func makeInput(using generator: inout SeededGenerator) -> Input {
        let reader = Reader.allCases.randomElement(using: &generator) ?? .command
        var text = RandomOutput(generator: generator)
        var bytes =
            switch reader {
            case .api, .command: Array(text.document().utf8)
            case .pocketSphinxCTM: Array(text.timedWords().utf8)
            case .pocketSphinxJSON: Array(text.utterances().utf8)
            }
        generator = text.generator
        if Int.random(in: 0..<3, using: &generator) == 0 { Mutation.apply(to: &bytes, using: &generator) }
        return Input(reader: reader, bytes: bytes, duration: .random(in: 0.01...60, using: &generator))
    }

    func check(_ input: Input) throws {
        let result: ChunkResult
        do throws(TranscriptionError) {
            result = try self.result(of: input)
        } catch {
            guard error.code == .badOutput, !error.message.isEmpty, !error.message.contains(where: \.isNewline) else {
                throw ContractViolation("refused by an error of kind \(error.code): \(error.message)")
            }
            return
        }
        try check(result, within: input.duration)
    }

    private func result(of input: Input) throws(TranscriptionError) -> ChunkResult {
        let words: [Word]
        switch input.reader {
        case .api: return try APIAnswerText(Data(input.bytes)).result(duration: input.duration, language: nil)
        case .command: return try CommandOutput(input.bytes).result(duration: input.duration, language: nil)
        case .pocketSphinxCTM: words = PocketSphinxOutput.words(ctm: input.bytes)
        case .pocketSphinxJSON: words = PocketSphinxOutput.words(json: input.bytes)
        }
        return ChunkResult(segments: PocketSphinxOutput.segments(of: words, duration: input.duration), language: nil)
    }

    func describe(_ input: Input) -> String {
        "\(input.reader), \(input.duration) s: "
            + (String(validating: input.bytes, as: UTF8.self)?.debugDescription ?? "\(input.bytes)")
    }

    /// What every result must be, wherever it comes from: within the chunk, in order, fit to be shown and stored.
    private func check(_ result: ChunkResult, within duration: Double) throws {
        if let language = result.language, !isClean(language) { throw ContractViolation("the language is not clean") }
        var last = 0.0
        for segment in result.segments {
            guard 0 <= segment.start, segment.start <= segment.end, segment.end <= duration else {
                throw ContractViolation("a segment from \(segment.start) to \(segment.end)")
            }
            guard last <= segment.start else { throw ContractViolation("segments out of order") }
            last = segment.start
            guard isClean(segment.text) else { throw ContractViolation("a segment's text is not clean") }
            for word in segment.words ?? [] {
                guard 0 <= word.start, word.start <= word.end, word.end <= duration else {
                    throw ContractViolation("a word from \(word.start) to \(word.end)")
                }
                guard isClean(word.text) else { throw ContractViolation("a word's text is not clean") }
            }
        }
        guard let stored = try? JSONText(encoding: result), (try? stored.decode(ChunkResult.self)) == result else {
            throw ContractViolation("the result cannot be stored")
        }
    }

    private func isClean(_ text: String) -> Bool {
        !text.isEmpty && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}

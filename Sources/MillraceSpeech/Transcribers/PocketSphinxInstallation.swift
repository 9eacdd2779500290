internal import Foundation
internal import MillraceCore

/// Which PocketSphinx is on this machine, and where its model is.
struct PocketSphinxInstallation: Sendable {
    /// The generations of the program.
    enum Generation: Sendable {
        /// 0.8 and 5 prealpha: `pocketsphinx_batch`.
        case batch
        /// 5.0 and later: `pocketsphinx`.
        case single
    }

    /// The generation found.
    let generation: Generation

    private let modelFolder: String
    private let model: String

    private static let install = "install it with: apt-get install pocketsphinx pocketsphinx-en-us"

    /// Looks for the program in PATH and for the model in its usual places.
    init(model: String) throws(TranscriptionError) {
        let folders = ["/usr/share/pocketsphinx/model", "/usr/local/share/pocketsphinx/model"]
        if (try? ProgramLocation.find("pocketsphinx")) != nil {
            generation = .single
        } else if (try? ProgramLocation.find("pocketsphinx_batch")) != nil {
            generation = .batch
        } else {
            throw TranscriptionError(.engineUnavailable, "pocketsphinx is not installed; \(Self.install)")
        }
        let folder = folders.first { FileManager.default.fileExists(atPath: "\($0)/\(model)/\(model)/mdef") }
        guard let folder else {
            throw TranscriptionError(
                .engineUnavailable, "the model \(model) of pocketsphinx is not installed; \(Self.install)")
        }
        modelFolder = "\(folder)/\(model)"
        self.model = model
    }

    /// How to run it on a chunk.
    func program(timeout: Duration) -> EngineProgram {
        let modelArguments = [
            "-hmm", "\(modelFolder)/\(model)", "-lm", "\(modelFolder)/\(model).lm.bin",
            "-dict", "\(modelFolder)/cmudict-\(model).dict",
        ]
        switch generation {
        case .single:
            return EngineProgram(
                program: "pocketsphinx",
                arguments: { files in ["-loglevel", "ERROR"] + modelArguments + ["single", files.wav] },
                readsStandardInput: false, timeout: timeout)
        case .batch:
            return EngineProgram(
                program: "pocketsphinx_batch",
                arguments: { files in
                    modelArguments + [
                        // Without this the silence that it leaves out is missing from the times.
                        "-remove_silence", "no",
                        "-adcin", "yes", "-adchdr", "\(WAVEncoder.headerSize)",
                        "-cepdir", files.folder, "-cepext", ".wav",
                        "-ctl", "\(files.folder)/chunk.ctl", "-ctm", "/dev/stdout",
                    ]
                },
                readsStandardInput: false, extraFiles: ["chunk.ctl": "chunk\n"], timeout: timeout)
        }
    }

    /// The words that it wrote.
    func words(in output: [UInt8]) -> [Word] {
        switch generation {
        case .single: PocketSphinxOutput.words(json: output)
        case .batch: PocketSphinxOutput.words(ctm: output)
        }
    }
}

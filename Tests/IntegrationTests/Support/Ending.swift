import Foundation
import Subprocess

/// How a program ended and what it said.
struct Ending: Sendable {
    /// The exit status; for a program that a signal ended, the signal's number below zero.
    let status: Int32
    /// What it wrote to its standard output.
    let output: String
    /// What it wrote to its standard error.
    let errors: String

    /// The same without what it says of samples of metrics, of which a run leaves as many as it takes long.
    var outputWithoutSamples: String { output.replacing(/, \d+ samples?/, with: "") }

    init(_ status: TerminationStatus, output: String, errors: String) {
        self.status =
            switch status {
            case .exited(let code): code
            case .signaled(let signal): -signal
            }
        self.output = output
        self.errors = errors
    }

    /// The lines of standard error.
    var errorLines: [String] {
        errors.split(separator: "\n").map(String.init)
    }

    /// The transcripts, for runs with `--format json`.
    func transcripts() throws -> [PrintedTranscript] {
        try output.split(separator: "\n").map { line in
            try JSONDecoder().decode(PrintedTranscript.self, from: Data(line.utf8))
        }
    }
}

/// A transcript as `--format json` prints it.
struct PrintedTranscript: Decodable {
    struct Piece: Decodable {
        let start: Double
        let end: Double
        let text: String
        let words: [Piece]?
        let gap: Bool?
    }

    struct Chunks: Decodable, Equatable {
        let total: Int
        let completed: Int
        let failed: Int
        let cached: Int
    }

    let text: String
    let language: String?
    let duration: Double
    let segments: [Piece]
    let chunks: Chunks
    let id: String
    let source: String
    let status: String
}

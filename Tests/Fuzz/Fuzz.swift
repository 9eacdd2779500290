internal import ArgumentParser
internal import Foundation
internal import MillraceTesting

/// Tries one part of Millrace with random input, and says with which seed it goes wrong.
@main struct Fuzz: AsyncParsableCommand {
    enum Name: String, ExpressibleByArgument, CaseIterable {
        case audio
        case engineOutput = "engine-output"
        case glob
        case resp
        case subtitles
    }

    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Tries a part of Millrace with random input.",
        discussion: """
            audio: broken recordings are refused or read, never worse. engine-output: whatever an engine writes is \
            understood or refused, and can be stored. glob: a pattern means the same keys to every tier of the cache \
            and to a matcher that is as simple as can be. resp: whatever a Redis server sends is replies or refused, \
            and means the same in pieces. subtitles: what is written can be read again, word for word.

            A case is decided by its seed: the first has --seed, the next one more. What is found is printed with the \
            seed of its case and its input, and ends the run with status 1.
            """)

    @Argument(help: "What to try: \(Name.allCases.map(\.rawValue).joined(separator: ", ")).")
    var name: Name

    @Option(help: "Try so long.")
    var seconds: Double?

    @Option(help: "Try so many cases.")
    var count: Int?

    @Option(help: "The seed of the first case (default: drawn).")
    var seed: UInt64?

    func validate() throws {
        guard seconds ?? 1 > 0, count ?? 1 > 0 else {
            throw ValidationError("--seconds and --count must be positive.")
        }
    }

    func run() async throws {
        // What the libraries below say of broken input, a thousand times a second; one case alone may say it.
        if count != 1 { dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) }
        // A case of its own is looked at closely, most of all when it ends the process.
        let loop = FuzzLoop(
            name: name.rawValue, firstSeed: seed ?? .random(in: 0 ... .max),
            duration: .seconds(seconds ?? (count == nil ? 60 : 86_400)), count: count ?? .max, showsInput: count == 1)
        let isClean =
            switch name {
            case .audio: try await loop.run(AudioFuzzer())
            case .engineOutput: try await loop.run(EngineOutputFuzzer())
            case .glob: try await loop.run(GlobFuzzer())
            case .resp: try await loop.run(RESPFuzzer())
            case .subtitles: try await loop.run(SubtitleFuzzer())
            }
        if !isClean { throw ExitCode.failure }
    }
}

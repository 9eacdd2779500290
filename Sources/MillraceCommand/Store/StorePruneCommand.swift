internal import ArgumentParser
internal import Millrace

/// `millrace store prune`.
struct StorePruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete what ended long ago.",
        discussion: """
            Deletes jobs that ended, processings that are COMPLETED or CANCELLED with their chunks, cached results \
            that have expired, samples of metrics, and decoded recordings that no run needs. Transcripts stay, with their text, and so \
            do runs that can be resumed (PARTIAL, FAILED); --transcripts deletes both, with everything made for them.

            It deletes a little at a time, while others work on the store. The file does not shrink: what is free is \
            used again.
            """)

    @Option(
        help: ArgumentHelp(
            "Delete what ended longer ago than this: a number with s, m, h, d or w, as in 30d.", valueName: "age"))
    var olderThan: Age

    @OptionGroup var store: MaintainedStore

    @Flag(help: "Delete transcripts too, with everything that was made for them, cached results included.")
    var transcripts = false

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    @Flag(help: "Print one JSON object instead.")
    var json = false

    func run() async throws {
        let pruning = StorePruning(
            olderThan: olderThan.duration, includesTranscripts: transcripts, isDryRun: dryRun)
        try await store.maintain { [json] store, _ in
            let pruned = try await store.prune(pruning)
            let text = json ? try JSONText(encoding: pruned).text : Self.line(pruned, isDryRun: pruning.isDryRun)
            FileDescriptor.standardOutput.writeAll(text + "\n")
            return .done
        }
    }

    private static func line(_ pruned: StorePruned, isDryRun: Bool) -> String {
        let counts = [
            (pruned.transcripts, "transcript"), (pruned.processings, "processing"), (pruned.chunks, "chunk"),
            (pruned.jobs, "job"), (pruned.cacheEntries, "cached result"), (pruned.samples, "sample"),
            (pruned.recordings, "decoded recording"),
        ]
        .filter { $0.0 > 0 }
        .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
        let what = counts.isEmpty ? "nothing" : counts.joined(separator: ", ")
        return isDryRun ? "Would delete \(what)." : "Deleted \(what)."
    }
}

internal import ArgumentParser
internal import Foundation

/// The options of commands that list a page.
struct PageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many to list at the most.", valueName: "number"))
    var limit = 50

    @Option(help: ArgumentHelp("List what comes behind this one: the last id of the page before.", valueName: "id"))
    var after: String?

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit must be between 1 and 100000.") }
    }

    /// Says on standard error how to get the next page, when this one is full.
    func sayNext(_ last: String?, of count: Int, with console: Console) {
        guard count == limit, let last, !json else { return }
        var words = CommandLine.arguments
        // A URL may hold a password, and logs are read by many.
        guard !words.contains(where: { $0.contains("://") }) else {
            return console.note("There may be more: the same command with --after \(last)")
        }
        words[0] = ProcessInfo.processInfo.environment["MILLRACE_PROGRAM"] ?? words[0]
        if let place = words.firstIndex(where: { $0 == "--after" || $0.hasPrefix("--after=") }) {
            words.removeSubrange(place...(words[place] == "--after" ? place + 1 : place))
        }
        let next = (words + ["--after", last]).map(ShellWord.quote).joined(separator: " ")
        console.note("There may be more: \(next)")
    }
}

internal import ArgumentParser
internal import Millrace

/// `millrace cache invalidate`.
struct InvalidateCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invalidate", abstract: "Remove all cached values whose keys match a pattern.",
        discussion: """
            In a pattern * stands for any characters, ? for one, [a-z] for one of these, [^x] for one that is none of \
            these, and \\ takes the next character as itself. Quote it, or the shell will read it first.

            They are gone for every process at once. Then they are removed, and their number is printed; if the command \
            is ended before that, whoever uses the cache next removes the rest.
            """)

    @Argument(help: "The pattern, as in 'chunk:*'.")
    var pattern: String

    @OptionGroup var stored: StoredCache

    func validate() throws {
        _ = try typed { () throws(InvalidValue) in try CachePattern(pattern) }
    }

    func run() async throws {
        try await stored.open { cache in
            let outcome = try await cache.invalidatePattern(CachePattern(pattern))
            try stored.log(outcome)
            FileDescriptor.standardOutput.writeAll("\(outcome.changes(in: .l3))\n")
        }
    }
}

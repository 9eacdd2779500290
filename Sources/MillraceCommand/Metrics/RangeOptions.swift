internal import ArgumentParser
internal import Foundation
internal import Millrace

/// The options that choose a stretch of time.
struct RangeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long before the end it begins: a number with s, m, h, d or w, as in 90m; else an hour.",
            valueName: "time"))
    var last: Age?

    @Option(
        help: ArgumentHelp(
            "Where it begins, as in 2026-05-01T08:30:00Z or 2026-05-01 (UTC), in place of --last.", valueName: "time"))
    var from: PointInTime?

    @Option(help: ArgumentHelp("Where it ends, if not now.", valueName: "time"))
    var to: PointInTime?

    func validate() throws {
        guard last == nil || from == nil else { throw ValidationError("--last and --from exclude each other.") }
        if let last, last.duration <= .zero { throw ValidationError("--last must be longer than nothing.") }
        if let from, let to, from.time >= to.time { throw ValidationError("--from must be earlier than --to.") }
    }

    /// The range that was chosen, in the given steps, or in such that there are a thousand or so.
    ///
    /// - Throws: ``InvalidValue`` when it begins in the future.
    func range(now: Timestamp, step: Duration? = nil) throws(InvalidValue) -> TimeRange {
        let end = to?.time ?? now
        let start = from?.time ?? end - (last?.duration ?? .seconds(3_600))
        guard start < end else {
            throw InvalidValue("time range", "begins at \(Listing.text(start)), which is not before its end")
        }
        return try TimeRange(from: start, to: end, step: step ?? Self.step(for: end - start))
    }

    /// The shortest of the usual steps that are no more than a thousand.
    static func step(for length: Duration) -> Duration {
        let wanted = length.inSeconds / 1_000
        let usual: [Int64] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]
        return .seconds(usual.first { Double($0) >= wanted } ?? Int64((wanted / 3_600).rounded(.up)) * 3_600)
    }
}

/// A point in time as it is typed: ISO 8601 with a zone, to the second or finer; or a day, which begins at midnight UTC.
struct PointInTime: ExpressibleByArgument, Hashable, Sendable {
    let time: Timestamp

    init?(argument: String) {
        let text = argument.utf8.count == "2026-05-01".utf8.count ? argument + "T00:00:00Z" : argument
        let date =
            (try? Date(text, strategy: .iso8601))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        // A thousand years in both directions is more than any store keeps.
        guard let seconds = date?.timeIntervalSince1970, abs(seconds) < 3e10 else { return nil }
        time = Timestamp(microseconds: Int64((seconds * 1_000).rounded()) * 1_000)
    }
}

internal import ArgumentParser

/// A time in a recording, as it is typed: seconds, `m:ss` or `h:mm:ss`, with up to nine digits behind a point.
struct TimeArgument: ExpressibleByArgument, Hashable {
    let duration: Duration

    init?(argument: String) {
        guard let match = argument.wholeMatch(of: /(?:(?:(\d{1,6}):)?(\d{1,6}):)?(\d{1,9})(?:\.(\d{1,9}))?/) else {
            return nil
        }
        guard let seconds = Int64(match.3), let minutes = Int64(match.2 ?? "0"), let hours = Int64(match.1 ?? "0")
        else {
            return nil
        }
        // Behind hours or minutes there are no more than 59.
        guard match.2 == nil || (seconds < 60 && match.3.count == 2) else { return nil }
        guard match.1 == nil || (minutes < 60 && match.2?.count == 2) else { return nil }
        let fraction = match.4 ?? ""
        let nanoseconds = Int64(fraction + String(repeating: "0", count: 9 - fraction.count)) ?? 0
        duration = .seconds(hours * 3_600 + minutes * 60 + seconds) + .nanoseconds(nanoseconds)
    }

    var defaultValueDescription: String { "\(duration)" }
}

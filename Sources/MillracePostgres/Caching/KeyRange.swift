internal import MillraceCore

/// Where the keys are that a pattern may mean, as a condition on the primary key of `cache_entries`.
struct KeyRange {
    let condition: String
    /// The parameter with the end, if there is one.
    let end: [PostgresParameter]

    /// From a place on, which is given in SQL; the end is the parameter of a number.
    init(of pattern: CachePattern, from place: String, endParameter number: Int) {
        if let end = pattern.endOfPrefix {
            condition = "cache_key >= \(place) AND cache_key < $\(number)"
            self.end = [.text(end)]
        } else {
            // Another text, because a bound that may be NULL is no bound to the planner.
            condition = "cache_key >= \(place)"
            end = []
        }
    }
}

internal import MillraceCore

/// Whether what the shared tier answers counts. Pure: the time is an argument, on a scale that nobody sets.
///
/// It does for two seconds after the authority was asked, if the tier has since heard of everything that the authority
/// then knew. So nothing older than that is served, whatever has become of the tier, its messages and its writers.
struct SharedGate: Sendable {
    /// What a lookup in an open tier goes by.
    struct Pass: Sendable {
        let epoch: SharedCursor.Epoch
        /// What is in the tier and does not count.
        var rules: [CachePattern: Int64]
        /// What this cache wrote and the tier was not told of: of these keys nothing older counts.
        var untold: [CacheKey: Int64]
        /// The connection by which the tier was told: behind another, it may be an older copy.
        let connection: Int
        /// From when on what was asked for with it does not count.
        let end: Timestamp
    }

    private var pass: Pass?
    /// Rules that were heard of since the present question was put, which its answer may not tell of.
    private var heard: [CachePattern: Int64] = [:]
    /// What this cache wrote since then and the tier was not told of.
    private var untold: [CacheKey: Int64] = [:]
    /// Whether the tier has missed something since the present question was put, which its answer may not tell of.
    private var isRefused = false

    /// Begins a question, which may be answered without what is heard of from now on.
    mutating func ask() {
        heard = [:]
        untold = [:]
        isRefused = false
    }

    /// Opens: `askedAt` is from before the authority was asked.
    mutating func open(
        _ epoch: SharedCursor.Epoch, rules: [CachePattern: Int64], connection: Int, askedAt: Timestamp
    ) {
        guard !isRefused else { return }
        let rules = rules.merging(heard, uniquingKeysWith: max)
        pass = Pass(
            epoch: epoch, rules: rules, untold: untold, connection: connection, end: askedAt + ChangeWatch.bound)
    }

    /// Closes until it is opened by the answer to a question that is put from now on.
    mutating func close() {
        pass = nil
        isRefused = true
    }

    /// Adds a rule that was heard of since.
    mutating func rule(out pattern: CachePattern, olderThan version: Int64) {
        heard.merge([pattern: version], uniquingKeysWith: max)
        pass?.rules.merge([pattern: version], uniquingKeysWith: max)
    }

    /// Adds a write that the tier was not told of. It need not be closed for that: in a tier that is closed while many
    /// write, there would be one at any time.
    mutating func rule(out key: CacheKey, olderThan version: Int64) {
        untold.merge([key: version], uniquingKeysWith: max)
        pass?.untold.merge([key: version], uniquingKeysWith: max)
    }

    /// What a lookup by a connection goes by now; `nil` while the tier's answers do not count.
    func pass(at now: Timestamp, by connection: Int) -> Pass? {
        guard let pass, now < pass.end, pass.connection == connection else { return nil }
        return pass
    }
}

extension SharedGate.Pass {
    /// Whether a value may be older than an invalidation that means its key, or than what this cache wrote.
    func rulesOut(_ key: CacheKey, version: Int64) -> Bool {
        if let written = untold[key], version < written { return true }
        return rules.contains { version < $0.value && $0.key.matches(key) }
    }
}

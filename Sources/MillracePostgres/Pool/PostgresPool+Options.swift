public import MillraceCore

extension PostgresPool {
    /// How many connections a pool may have, and how long it keeps them.
    public struct Options: Hashable, Sendable {
        /// Connections that stay open when nobody uses them.
        public let size: Int
        /// Connections beyond that, for rushes; each closes after five seconds without use.
        public let maxOverflow: Int
        /// How long a caller waits for a connection to come free.
        public let timeout: Duration
        /// How old a connection gets; it is closed then, but never while it is in use.
        public let recycle: Duration
        /// Whether a connection is looked at before it is lent: its socket always, and after a second without use the
        /// server is asked for an answer.
        public let prePing: Bool
        /// Whether the text of each statement and how long it took are logged, at debug; never its values.
        public let echo: Bool

        /// Makes options; the defaults are 10 connections and 20 beyond, 30 s of waiting, an hour of age, looked at
        /// before they are lent, and no log.
        ///
        /// - Throws: ``/MillraceCore/InvalidValue`` unless there may be a connection, and the times are positive.
        public init(
            size: Int = 10, maxOverflow: Int = 20, timeout: Duration = .seconds(30),
            recycle: Duration = .seconds(3_600), prePing: Bool = true, echo: Bool = false
        ) throws(InvalidValue) {
            guard size > 0 else { throw InvalidValue("pool size", "must be positive") }
            guard maxOverflow >= 0 else { throw InvalidValue("pool overflow", "must not be negative") }
            guard timeout >= .zero else { throw InvalidValue("pool time-out", "must not be negative") }
            guard recycle > .zero else { throw InvalidValue("pool recycle", "must be positive") }
            self.init(
                checked: size, maxOverflow: maxOverflow, timeout: timeout, recycle: recycle, prePing: prePing,
                echo: echo)
        }

        private init(
            checked size: Int, maxOverflow: Int, timeout: Duration, recycle: Duration, prePing: Bool, echo: Bool
        ) {
            self.size = size
            self.maxOverflow = maxOverflow
            self.timeout = timeout
            self.recycle = recycle
            self.prePing = prePing
            self.echo = echo
        }

        /// Takes the options of a URL; the defaults for those that it does not have.
        init(from options: inout OwnOptions) throws(PostgresError) {
            func number(_ name: String, _ standard: Int) throws(PostgresError) -> Int {
                guard let text = options.take(name) else { return standard }
                guard let value = Int(text), (0...1_000_000).contains(value) else {
                    throw PostgresError(.configuration, "\(name) must be a number of connections")
                }
                return value
            }
            func time(_ name: String, _ standard: Duration) throws(PostgresError) -> Duration {
                guard let text = options.take(name) else { return standard }
                return try OwnOptions.time(text, of: name, unit: "s")
            }
            func flag(_ name: String, _ standard: Bool) throws(PostgresError) -> Bool {
                guard let text = options.take(name) else { return standard }
                guard let value = ["on": true, "off": false][text] else {
                    throw PostgresError(.configuration, "\(name) must be on or off")
                }
                return value
            }
            let standard = Self.standard
            let (size, overflow) = (
                try number("pool_size", standard.size), try number("max_overflow", standard.maxOverflow)
            )
            let (timeout, recycle) = (
                try time("pool_timeout", standard.timeout), try time("pool_recycle", standard.recycle)
            )
            let (prePing, echo) = (try flag("pool_pre_ping", standard.prePing), try flag("echo", standard.echo))
            do {
                self = try Self(
                    size: size, maxOverflow: overflow, timeout: timeout, recycle: recycle, prePing: prePing, echo: echo)
            } catch {
                throw PostgresError(.configuration, "an option of the URL makes no sense: \(error)", cause: error)
            }
        }

        /// The defaults.
        public static let standard = Options(
            checked: 10, maxOverflow: 20, timeout: .seconds(30), recycle: .seconds(3_600), prePing: true, echo: false)
    }
}

internal import Logging

/// Logs a statement's text and time, when that is wanted.
struct Echo {
    private let logger: Logger
    private let sql: String
    private let start = Nanoseconds.now

    init?(_ logger: Logger?, _ session: Session, _ sql: String) {
        guard session.configuration.echo, let logger else { return nil }
        self.logger = logger
        self.sql = sql
    }

    func end() {
        let microseconds = (Nanoseconds.now - start) / 1_000
        logger.debug("statement", metadata: ["sql": "\(sql)", "microseconds": "\(microseconds)"])
    }
}

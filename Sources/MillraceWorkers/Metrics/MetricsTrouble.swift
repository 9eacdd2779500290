internal import Logging
internal import MillraceCore
internal import Synchronization

/// Says once that what is measured cannot be kept, and once that it can be again.
final class MetricsTrouble: Sendable {
    private let isTold = Mutex(false)
    private let isQuiet: Bool
    private let logger: Logger

    init(isQuiet: Bool, logger: Logger) {
        self.isQuiet = isQuiet
        self.logger = logger
    }

    /// Takes note of a failure.
    func note(_ error: StoreError) {
        guard error.code != .cancelled else { return }
        let isNews = isTold.withLock { isTold in
            defer { isTold = true }
            return !isTold
        }
        logger.log(
            level: isNews && !isQuiet ? .warning : .debug, "What is measured cannot be kept; trying again",
            metadata: ["error": "\(error)"])
    }

    /// Something was kept.
    func end() {
        let wasTold = isTold.withLock { isTold in
            defer { isTold = false }
            return isTold
        }
        if wasTold { logger.log(level: isQuiet ? .debug : .warning, "What is measured is kept again") }
    }
}

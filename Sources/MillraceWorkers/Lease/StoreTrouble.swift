internal import CoreMetrics
internal import Logging
internal import MillraceCore
internal import Synchronization

/// Says once that the store refuses work, and once that it takes it again, however many ask meanwhile.
final class StoreTrouble: Sendable {
    private let told = Mutex<Set<StoreError.Code>>([])
    private let factory = WorkerMetrics.factory
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Takes note of a refusal; `message` says what will be tried again.
    ///
    /// - Throws: the error when no call can succeed until somebody mends the store: all work must stop then.
    func note(_ error: StoreError, _ message: Logger.Message) throws(StoreError) {
        guard error.code != .cancelled else { return }
        count(error)
        if error.needsMending { throw error }
        let isNews = error.isRetryable && told.withLock { $0.insert(error.code).inserted }
        if isNews {
            logger.warning("The store refuses work; trying until it takes it again", metadata: ["error": "\(error)"])
        }
        logger.log(level: error.isRetryable ? .debug : .warning, message, metadata: ["error": "\(error)"])
    }

    /// Failures are rare, and there are few codes: the handle is made when it is needed.
    private func count(_ error: StoreError) {
        guard let factory else { return }
        let metric = MillraceMetrics.storeFailures
        Counter(label: metric.name, dimensions: metric.dimensions("\(error.code)"), factory: factory).increment()
    }

    /// Something was written.
    func end() {
        let wasTold = told.withLock { told in
            defer { told = [] }
            return !told.isEmpty
        }
        if wasTold { logger.warning("The store takes work again") }
    }
}

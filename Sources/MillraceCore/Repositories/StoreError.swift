/// What went wrong in a store.
///
/// `description` names no SQL, payload, URL or secret; the cause may, and is for a debugger.
public struct StoreError: Error, Sendable {
    /// What kind of failure it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case conflict, notFound, illegalMove, invalid
            case unavailable, busy, corrupted, newerVersion, olderVersion, full, readOnly
            case cancelled, loadFailed, jobFailed, jobCancelled, timedOut, unexpected
        }

        private let value: Value

        private init(_ value: Value) {
            self.value = value
        }

        /// What is stored changed since it was loaded, or is held by another; load again and retry.
        public static let conflict = Code(.conflict)
        /// The entity to be changed does not exist.
        public static let notFound = Code(.notFound)
        /// The status may not change that way.
        public static let illegalMove = Code(.illegalMove)
        /// The request itself makes no sense; it will fail again.
        public static let invalid = Code(.invalid)
        /// The store cannot be reached or opened.
        public static let unavailable = Code(.unavailable)
        /// The store is locked by another for longer than the time-out.
        public static let busy = Code(.busy)
        /// The store is damaged, or not a store of this program.
        public static let corrupted = Code(.corrupted)
        /// The store was written by a newer version of this program.
        public static let newerVersion = Code(.newerVersion)
        /// The store was written by an older version of this program, and was to be read without bringing it up to date.
        public static let olderVersion = Code(.olderVersion)
        /// No room is left.
        public static let full = Code(.full)
        /// The store may be read but not written.
        public static let readOnly = Code(.readOnly)
        /// The calling task was cancelled; nothing was done.
        public static let cancelled = Code(.cancelled)
        /// The loader of a cached value failed; ``StoreError/cause`` says why.
        public static let loadFailed = Code(.loadFailed)
        /// The job that was waited for has failed for good.
        public static let jobFailed = Code(.jobFailed)
        /// The job that was waited for was called off.
        public static let jobCancelled = Code(.jobCancelled)
        /// What was waited for has not happened in the time given.
        public static let timedOut = Code(.timedOut)
        /// Anything else; ``StoreError/cause`` says what.
        public static let unexpected = Code(.unexpected)

        /// The code's name.
        public var description: String { value.rawValue }
    }

    /// What kind of failure it is.
    public let code: Code
    /// What happened and what to do, in one line.
    public let message: String
    /// The failure below, when there is one.
    public let cause: (any Error)?

    /// Describes a failure.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Whether the same call may succeed a little later.
    public var isRetryable: Bool {
        code == .busy || code == .unavailable || code == .full
    }

    /// Whether every call will fail until somebody mends the store; whoever works on it should stop and say so.
    public var needsMending: Bool {
        code == .corrupted || code == .newerVersion || code == .readOnly
    }
}

extension StoreError: CustomStringConvertible {
    /// The message alone.
    public var description: String { message }
}

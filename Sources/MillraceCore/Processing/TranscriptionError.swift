/// Why a recording could not be read or a chunk not be transcribed.
public struct TranscriptionError: Error, Sendable {
    /// What kind of failure it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case engineUnavailable, engineFailed, timedOut, badOutput
            case unreadable, changed, withdrawn, notAudio, noAudio, outOfRange
            case cancelled
        }

        private let value: Value

        private init(_ value: Value) {
            self.value = value
        }

        /// The engine, its model or its program is missing, or refuses everybody: no chunk would fare better.
        public static let engineUnavailable = Code(.engineUnavailable)
        /// The engine said that it failed.
        public static let engineFailed = Code(.engineFailed)
        /// The engine took longer than it may.
        public static let timedOut = Code(.timedOut)
        /// The engine's answer makes no sense.
        public static let badOutput = Code(.badOutput)
        /// The recording cannot be read here.
        public static let unreadable = Code(.unreadable)
        /// The recording is not the one that was planned.
        public static let changed = Code(.changed)
        /// The recording's URL gives it no more, or never did: the server refuses it for good, sends another one, nothing, or
        /// more than is taken in. No machine would be told otherwise.
        public static let withdrawn = Code(.withdrawn)
        /// The file is nothing that could be heard: a text, a picture, a list of other files.
        public static let notAudio = Code(.notAudio)
        /// There is no sound in the recording.
        public static let noAudio = Code(.noAudio)
        /// The recording does not reach as far as it was asked for.
        public static let outOfRange = Code(.outOfRange)
        /// The task was cancelled.
        public static let cancelled = Code(.cancelled)

        /// The code's name.
        public var description: String { value.rawValue }
    }

    /// What kind of failure it is.
    public let code: Code
    /// What happened and what to do, in one line.
    public let message: String
    /// Whether another try of the same may succeed.
    public let isRetryable: Bool
    /// The failure below, when there is one.
    public let cause: (any Error)?

    /// Describes a failure.
    public init(_ code: Code, _ message: String, isRetryable: Bool = false, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.cause = cause
    }
}

extension TranscriptionError: CustomStringConvertible {
    /// The message alone.
    public var description: String { message }
}

extension PostgresPool {
    /// What a pool holds at a moment.
    public struct State: Hashable, Sendable {
        /// Connections that callers have, those included that are being opened for them.
        public let inUse: Int
        /// Connections that are open and wait for a caller.
        public let idle: Int
        /// Callers that wait for a connection.
        public let waiting: Int
        /// How long the first of them has waited; zero when nobody waits.
        public let longestWait: Duration
        /// Callers that ever had to wait.
        public let waits: Int
        /// How long those that wait no more have waited in all.
        public let waitTime: Duration

        /// Describes a pool.
        public init(inUse: Int, idle: Int, waiting: Int, longestWait: Duration, waits: Int, waitTime: Duration) {
            self.inUse = inUse
            self.idle = idle
            self.waiting = waiting
            self.longestWait = longestWait
            self.waits = waits
            self.waitTime = waitTime
        }
    }
}

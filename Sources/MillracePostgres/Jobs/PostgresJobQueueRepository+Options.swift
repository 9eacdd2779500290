extension PostgresJobQueueRepository {
    /// How outcomes of many tasks are gathered.
    public struct Options: Sendable {
        /// No more settlements in one statement, unless one call has more.
        public var settlementBatch: Int
        /// How long to wait for more settlements after a statement, when there are fewer than a batch. The first is sent at
        /// once, and so is all that has gathered meanwhile when this is zero.
        public var settlementDelay: Duration
        /// How long settlements are sent again when the server cannot be reached, before their callers are told.
        public var patience: Duration

        /// Makes options; the defaults are the ones to use.
        public init(
            settlementBatch: Int = 500, settlementDelay: Duration = .zero, patience: Duration = .seconds(5)
        ) {
            self.settlementBatch = max(1, settlementBatch)
            self.settlementDelay = max(.zero, settlementDelay)
            self.patience = max(.zero, patience)
        }
    }
}

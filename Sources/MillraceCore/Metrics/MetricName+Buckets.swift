extension MetricName {
    /// The name of the series that count the buckets of the histogram with this name.
    ///
    /// - Throws: `invalid` when it is too long for one.
    public func buckets() throws(StoreError) -> MetricName {
        do throws(InvalidValue) {
            return try appending("_bucket")
        } catch {
            throw StoreError(.invalid, "\(self) is no histogram: \(error)", cause: error)
        }
    }
}

internal import Millrace

/// How a user names a processing.
enum ProcessingName {
    /// Reads an id.
    ///
    /// - Throws: `invalid` with what to do instead.
    static func id(_ text: String) throws(StoreError) -> ProcessingID {
        guard let id = ProcessingID(text) else {
            throw StoreError(.invalid, "that is not the id of a processing; see millrace processings list")
        }
        return id
    }

    /// The row of the processing with an id.
    ///
    /// - Throws: `notFound` with what to do.
    static func row(_ id: ProcessingID, in millrace: Millrace) async throws(StoreError) -> ParallelProcessor.Row {
        guard let row = try await millrace.processings.row(id) else {
            throw StoreError(.notFound, "there is no such processing; see millrace processings list")
        }
        return row
    }
}

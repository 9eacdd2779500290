internal import Millrace

/// How a user names a job.
enum JobName {
    /// Reads an id.
    ///
    /// - Throws: `invalid` with what to do instead.
    static func id(_ text: String) throws(StoreError) -> JobID {
        guard let id = JobID(text) else {
            throw StoreError(.invalid, "that is not the id of a job; see millrace jobs list")
        }
        return id
    }

    /// The job with an id.
    ///
    /// - Throws: `notFound` with what to do.
    static func job(_ id: JobID, in millrace: Millrace) async throws(StoreError) -> Job {
        guard let job = try await millrace.jobs.job(id) else {
            throw StoreError(.notFound, "there is no such job; see millrace jobs list")
        }
        return job
    }
}

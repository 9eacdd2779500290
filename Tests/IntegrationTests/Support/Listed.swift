import Foundation

/// A job as `millrace jobs` prints it with `--json`.
struct ListedJob: Decodable {
    struct Payload: Decodable {
        let source: String
    }

    struct Result: Decodable {
        let transcriptID: String
        let processingID: String
        let status: String
    }

    let id: String
    let type: String
    let status: String
    let priority: Int
    let engine: String?
    let error: String?
    let payload: Payload
    let result: Result?
}

/// A processing as `millrace processings` prints it with `--json`.
struct ListedProcessing: Decodable {
    struct Chunks: Decodable {
        let total: Int
        let completed: Int
        let failed: Int
    }

    let id: String
    let status: String
    let source: String
    let chunks: Chunks
}

extension Ending {
    /// The jobs of `jobs list --json` or `jobs show --json`.
    func jobs() throws -> [ListedJob] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(ListedJob.self, from: Data($0.utf8)) }
    }
}

extension Workplace {
    /// A job as `jobs show` tells it.
    func job(_ id: String) async throws -> ListedJob {
        let shown = try await millrace(["jobs", "show", id, "--json"])
        guard let job = try shown.jobs().first else { throw OutOfPatience(description: "no job: \(shown.errors)") }
        return job
    }

    /// The runs of the store, newest first.
    func processings(_ options: String...) async throws -> [ListedProcessing] {
        try await millrace(["processings", "list", "--json"] + options).output.split(separator: "\n")
            .map { try JSONDecoder().decode(ListedProcessing.self, from: Data($0.utf8)) }
    }
}

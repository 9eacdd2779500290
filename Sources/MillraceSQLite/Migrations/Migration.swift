/// One step from a version of the schema to the next.
struct Migration: Sendable {
    /// The version that the schema has after this step; 1, 2, 3 ….
    let version: Int
    /// What the step is for.
    let name: String
    /// The statements.
    let sql: String

    /// All steps, in order; a step that was released is never changed.
    static let all = [initialSchema, jobLimits, cacheChanges, jobLists, chunkAudio, cacheRules, metrics]
}

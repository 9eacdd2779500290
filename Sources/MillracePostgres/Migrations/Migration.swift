/// One step from a version of the schema to the next.
struct Migration: Sendable {
    /// The version that the schema has after this step; 1, 2, 3 ….
    let version: Int
    /// What the step is for.
    let name: String
    /// The oldest version whose programs can work with a schema that has this step: what only adds is no reason to stop
    /// the older programs of a fleet.
    let usableFrom: Int
    /// The statements, in which `{schema}` stands for the quoted name of the schema.
    let text: String

    /// All steps, in order; a step that was released is never changed.
    static let all = [initialSchema, cacheRules, metrics]

    /// The statements for one schema, whose name is given as a quoted identifier.
    func sql(in schema: String) -> String {
        text.replacing("{schema}", with: schema)
    }
}

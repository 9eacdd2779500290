/// One thing that a port promises, and the check that finds out whether an adapter keeps it.
///
/// Rules belong to no test library. With Swift Testing, `@Test(arguments: JobQueueContract.rules)` runs them all; give
/// each a fixture of its own, with a store in which nothing is yet.
public struct ContractRule<Fixture: Sendable>: Sendable, CustomStringConvertible {
    /// The promise, as a sentence.
    public let name: String
    /// Tries it on an adapter.
    ///
    /// Throws ``ContractViolation``, also in place of every other error that the adapter lets out.
    public let check: @Sendable (Fixture) async throws -> Void

    /// Makes a rule; whatever `check` throws becomes a ``ContractViolation``.
    public init(_ name: String, check: @escaping @Sendable (Fixture) async throws -> Void) {
        self.name = name
        self.check = { fixture in
            do {
                try await check(fixture)
            } catch let violation as ContractViolation {
                throw violation
            } catch {
                throw ContractViolation("unexpected error: \(error)")
            }
        }
    }

    /// The name.
    public var description: String { name }
}

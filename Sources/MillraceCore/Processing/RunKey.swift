/// What makes two runs the same: the recording's bytes and everything that decides its transcript.
///
/// At most one processing that can be resumed has a given key; a second `transcribe` of the same joins the first.
public struct RunKey: Hashable, Sendable, CustomStringConvertible {
    /// The hash over all parts.
    public let hash: ContentHash

    /// Derives the key of a recording and a recipe. The path does not count, the bytes do.
    public init(recording: ContentHash, range: SampleRange, recipe: Recipe) {
        let chunking = recipe.chunking
        hash = ContentHash(
            ofParts: [
                "run-1", recording.hex, "\(range.start)", "\(range.end)", recipe.engine.description,
                recipe.language ?? "", recipe.prompt ?? "",
                "\(chunking.targetSeconds)", "\(chunking.maximumSeconds)", "\(chunking.maximumBytes ?? 0)",
                recipe.usesCache ? "cache" : "no cache", recipe.failurePolicy.rawValue,
            ] + recipe.options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    }

    /// Takes a hash that a store holds.
    public init(stored hash: ContentHash) {
        self.hash = hash
    }

    /// The hash's digits.
    public var description: String { hash.hex }
}

internal import ArgumentParser
internal import Millrace

/// What the commands about the cache have in common.
struct StoredCache: ParsableArguments {
    @OptionGroup var work: StoredWork

    /// Opens the store and does something with its cache; a failure is one line on standard error.
    func open(_ body: (any CacheRepository) async throws -> Void) async throws {
        try await work.open { millrace, _ in
            try await body(millrace.cache)
            // The process ends here, and what it gathered would go with it. That it was a use is not worth an error.
            _ = try? await millrace.cache.maintain()
        }
    }
}

/// A key or a pattern that a user typed: what is wrong with it is wrong usage.
func typed<Value>(_ make: () throws(InvalidValue) -> Value) throws -> Value {
    do throws(InvalidValue) {
        return try make()
    } catch {
        throw ValidationError("The \(error.kind) \(error.reason).")
    }
}

extension StoreError {
    /// Says that there is nothing under a key.
    static func noValue(_ key: CacheKey) -> StoreError {
        StoreError(.notFound, "there is no value under \(key)")
    }
}

internal import ArgumentParser
internal import Logging
internal import Millrace

/// What the commands about the cache have in common.
struct StoredCache: ParsableArguments {
    @OptionGroup var work: StoredWork

    /// Opens the store and does something with its cache; a failure is one line on standard error.
    func open(_ body: (any CacheRepository) async throws -> Void) async throws {
        try await work.open { millrace, _ in
            let cache = millrace.cache
            do {
                try await body(cache)
            } catch {
                await Self.close(cache)
                throw error
            }
            await Self.close(cache)
        }
    }

    /// Says in the log what each tier did.
    func log(_ outcome: CacheOutcome) throws {
        let tiers = outcome.states.map { tier, state in
            switch state {
            case .done(let changes): (tier.rawValue, "done, \(changes) changed")
            case .skipped(let reason): (tier.rawValue, "skipped: \(reason)")
            }
        }
        try work.output.logger(work.output.console()).debug(
            "Changed the cache", metadata: Dictionary(uniqueKeysWithValues: tiers.map { ($0, "\($1)") }))
    }

    /// Writes what was counted, misses included: the process ends here. It is not worth an error of its own.
    private static func close(_ cache: any CacheRepository) async {
        _ = try? await cache.maintain()
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

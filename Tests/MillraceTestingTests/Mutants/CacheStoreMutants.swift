import Foundation
import MillraceCore

@testable import MillraceTesting

/// Broken authorities of a cache.
enum CacheStoreMutants {
    static let all: [CacheMutant] = [
        CacheMutant("codec dropped", caughtBy: "an entry is read as it was put, whatever its bytes") { lab in
            lab.store.onEntry = { base, key in
                try await base.entry(key).map { entry in
                    CacheEntry(
                        key: key, value: CacheValue(bytes: entry.value.bytes), createdAt: entry.createdAt,
                        expiresAt: entry.expiresAt, version: entry.version)
                }
            }
        },
        CacheMutant("bytes kept as text", caughtBy: "an entry is read as it was put, whatever its bytes") { lab in
            lab.store.onPut = { base, key, value, ttl in
                let text = String(decoding: value.bytes, as: UTF8.self)
                return try await base.put(key, CacheValue(bytes: Data(text.utf8), codec: value.codec), ttl: ttl)
            }
        },
        CacheMutant(
            "restarted TTL", caughtBy: "an entry is served until its time, and reading it does not prolong it"
        ) { lab in
            lab.store.onEntry = { [memory = lab.memory] base, key in
                let entry = try await base.entry(key)
                try memory.step { state, now in
                    guard let entry else { return }
                    state.cacheEntries[key] = CacheEntry(
                        key: key, value: entry.value, createdAt: entry.createdAt,
                        expiresAt: now + .seconds(10), version: entry.version)
                }
                return entry
            }
        },
        CacheMutant(
            "served past its time",
            caughtBy: "an entry is served until its time, and reading it does not prolong it",
            "a put replaces value and time under a greater version"
        ) { lab in
            lab.store.onEntry = { [memory = lab.memory] _, key in
                try memory.step { state, _ in state.cacheEntries[key] }
            }
        },
        CacheMutant("first put stays", caughtBy: "a put replaces value and time under a greater version") { lab in
            lab.store.onPut = { base, key, value, ttl in
                if let entry = try await base.entry(key) { return entry }
                return try await base.put(key, value, ttl: ttl)
            }
        },
        CacheMutant("longest time stays", caughtBy: "a put replaces value and time under a greater version") { lab in
            lab.store.onPut = { [memory = lab.memory] base, key, value, ttl in
                let before = try await base.entry(key)?.expiresAt
                let entry = try await base.put(key, value, ttl: ttl)
                return try memory.step { state, _ in
                    let prolonged = CacheEntry(
                        key: key, value: value, createdAt: entry.createdAt,
                        expiresAt: max(entry.expiresAt, before ?? entry.expiresAt), version: entry.version)
                    state.cacheEntries[key] = prolonged
                    return prolonged
                }
            }
        },
        CacheMutant(
            "versions begin again", caughtBy: "versions of a key grow even over its deletion and its end"
        ) { lab in
            lab.store.onPut = { [memory = lab.memory] base, key, value, ttl in
                try memory.step { state, now in
                    state.lastCacheVersion = state.cacheEntry(key, at: now)?.version ?? 0
                }
                return try await base.put(key, value, ttl: ttl)
            }
        },
        CacheMutant(
            "one version for all",
            caughtBy: "many puts of one key at once get different versions, and the greatest is kept",
            "a put replaces value and time under a greater version"
        ) { lab in
            lab.store.onPut = { [memory = lab.memory] base, key, value, ttl in
                try memory.step { state, _ in state.lastCacheVersion = 0 }
                let entry = try await base.put(key, value, ttl: ttl)
                return CacheEntry(
                    key: key, value: value, createdAt: entry.createdAt, expiresAt: entry.expiresAt, version: 1)
            }
        },
        CacheMutant("removal always claims success", caughtBy: removal) { lab in
            lab.store.onRemove = { base, key in
                _ = try await base.remove(key)
                return true
            }
        },
        CacheMutant("keys that begin alike removed", caughtBy: removal) { lab in
            lab.store.onRemove = { [memory = lab.memory] base, key in
                let wasThere = try await base.remove(key)
                try memory.step { state, _ in
                    state.cacheEntries = state.cacheEntries.filter { !$0.key.text.hasPrefix(key.text) }
                }
                return wasThere
            }
        },
        CacheMutant("expired entries counted", caughtBy: "only entries that have not expired are counted") { lab in
            lab.store.onCount = { [memory = lab.memory] _ in
                try memory.step { state, _ in state.cacheEntries.count }
            }
        },
        CacheMutant(
            "counters dropped", caughtBy: "a saved cache is loaded with its bounds and counters, one version on"
        ) { lab in
            lab.store.onLoad = { base, id in
                guard var cache = try await base.load(id) else { return nil }
                cache.counters = [:]
                return cache
            }
        },
        CacheMutant("caches saved blindly", caughtBy: "saving a stale cache conflicts and writes nothing") { lab in
            lab.store.onSave = { [memory = lab.memory] base, cache in
                try memory.step { state, _ in state.caches[cache.id] = cache.version == 0 ? nil : cache }
                try await base.save(cache)
            }
        },
        CacheMutant(
            "values deleted with the settings", caughtBy: "deleting a cache forgets its settings and keeps its values"
        ) { lab in
            lab.store.onDelete = { [memory = lab.memory] base, id in
                try await base.delete(id)
                try memory.step { state, _ in state.cacheEntries = [:] }
            }
        },
    ]

    private static let removal = "a removed entry is gone, and it is said whether there was one"
}

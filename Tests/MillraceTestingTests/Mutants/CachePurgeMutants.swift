import Foundation
import MillraceCore

@testable import MillraceTesting

/// Broken authorities of a cache: invalidations that do not count at once, or not long enough.
enum CachePurgeMutants {
    static let all: [CacheMutant] = reading + purging + telling + finishing

    private static let atOnce = "an invalidation counts at once, before anything is purged"
    private static let later = "what is put after an invalidation is there, and stays when it is purged"
    private static let filled = "a fill that was begun before an invalidation is not kept, and one begun after it is"
    private static let interrupted =
        "an invalidation that is interrupted brings nothing back, and is gone on with where it stood"
    private static let told = "active rules are told to who follows the writes and to who begins"
    private static let judged = "an entry is judged by the rules that are newer than it"
    private static let claimed = "a rule that stands still is taken over by one, and one that is worked at by nobody"
    private static let storm =
        "who knows of an invalidation reads nothing older, whoever writes, fills and purges meanwhile"
    private static let finished =
        "what a process that died had begun to invalidate is gone, and the upkeep of another finishes it"

    private static let reading: [CacheMutant] = [
        CacheMutant("an entry is read past the rules", caughtBy: atOnce, judged) { lab in
            lab.store.onEntry = { [memory = lab.memory] _, key in
                try memory.step { state, now in state.cacheEntries[key].flatMap { $0.expiresAt > now ? $0 : nil } }
            }
        },
        CacheMutant("many entries are read past the rules", caughtBy: atOnce, interrupted) { lab in
            lab.store.onEntries = { [memory = lab.memory] _, keys in
                try memory.step { state, now in
                    Set(keys).compactMap { state.cacheEntries[$0] }.filter { $0.expiresAt > now }
                }
            }
        },
        CacheMutant("what is to be purged is counted", caughtBy: atOnce, later, interrupted) { lab in
            lab.store.onCount = { [memory = lab.memory] _ in
                try memory.step { state, now in state.cacheEntries.values.count { $0.expiresAt > now } }
            }
        },
        CacheMutant("a removal of what was invalidated found something", caughtBy: atOnce) { lab in
            lab.store.onRemove = { [memory = lab.memory] base, key in
                let wasThere = try memory.step { state, now in state.cacheEntries[key].map { $0.expiresAt > now } }
                _ = try await base.remove(key)
                return wasThere ?? false
            }
        },
        CacheMutant("a rule rules out what is newer too", caughtBy: later, judged) { lab in
            lab.store.onEntry = { base, key in
                let rules = try await base.rules()
                return rules.contains { $0.pattern.matches(key) } ? nil : try await base.entry(key)
            }
        },
        CacheMutant("what is to be purged is in the way of a fill", caughtBy: filled) { lab in
            lab.store.onFill = { [memory = lab.memory] base, key, value, ttl, version in
                let isThere = try memory.step { state, now in (state.cacheEntries[key]?.expiresAt ?? now) > now }
                return isThere ? nil : try await base.fill(key, value, ttl: ttl, ifUnchangedSince: version)
            }
        },
        CacheMutant("a fill goes by what is there alone", caughtBy: filled) { lab in
            lab.store.onFill = { base, key, value, ttl, _ in
                try await base.entry(key) == nil ? try await base.put(key, value, ttl: ttl) : nil
            }
        },
    ]

    private static let purging: [CacheMutant] = [
        CacheMutant("a purge removes what is newer too", caughtBy: later, filled) { lab in
            lab.store.onPurge = { [memory = lab.memory] base, rule, limit in
                let step = try await base.purge(rule, limit: limit)
                try memory.step { state, _ in
                    state.cacheEntries = state.cacheEntries.filter { !rule.pattern.matches($0.key) }
                }
                return step
            }
        },
        CacheMutant("a rule goes whatever is left of what it means", caughtBy: interrupted) { lab in
            lab.store.onRetire = { [memory = lab.memory] _, rule in
                try memory.step { state, _ in state.cacheRules.removeAll { $0.rule == rule } }
            }
        },
        CacheMutant("a rule goes as if it had been purged", caughtBy: storm, atOnce) { lab in
            lab.store.onInvalidate = { [memory = lab.memory] base, pattern in
                let rule = try await base.invalidate(pattern)
                try memory.step { state, _ in state.cacheRules.removeAll { $0.rule == rule } }
                return rule
            }
        },
        CacheMutant("a rule goes with the first step", caughtBy: interrupted) { lab in
            lab.store.onPurge = { [memory = lab.memory] base, rule, limit in
                let step = try await base.purge(rule, limit: limit)
                try memory.step { state, _ in state.cacheRules.removeAll { $0.rule == rule } }
                return step
            }
        },
        CacheMutant("a purge begins from the front each time", caughtBy: interrupted) { lab in
            lab.store.onPurge = { [memory = lab.memory] base, rule, limit in
                try memory.step { state, _ in
                    for index in state.cacheRules.indices { state.cacheRules[index].place = rule.pattern.literalPrefix }
                }
                return try await base.purge(rule, limit: limit)
            }
        },
        CacheMutant("all removed in one step", caughtBy: interrupted) { lab in
            lab.store.onPurge = { base, rule, _ in try await base.purge(rule, limit: 1_000) }
        },
    ]

    private static let telling: [CacheMutant] = [
        CacheMutant("who follows is told of no rules", caughtBy: told) { lab in
            lab.store.onChanges = { base, version in
                let changes = try await base.changes(since: version)
                guard version != nil else { return changes }
                return CacheChanges(newest: changes.newest, writes: changes.writes)
            }
        },
        CacheMutant("who begins is told of no rules", caughtBy: told) { lab in
            lab.store.onChanges = { base, version in
                let changes = try await base.changes(since: version)
                guard version == nil else { return changes }
                return CacheChanges(newest: changes.newest, writes: changes.writes)
            }
        },
        CacheMutant("a rule is told once", caughtBy: told) { lab in
            lab.store.onChanges = { base, version in
                let changes = try await base.changes(since: version)
                return CacheChanges(
                    newest: changes.newest, writes: changes.writes,
                    rules: changes.rules.filter { $0.version > version ?? 0 })
            }
        },
    ]

    private static let finishing: [CacheMutant] = [
        CacheMutant("everybody takes a rule over", caughtBy: claimed) { lab in
            lab.store.onClaimRule = { base in try await base.rules().first }
        },
        CacheMutant("many take a rule over at once", caughtBy: claimed) { lab in
            lab.store.onClaimRule = { [memory = lab.memory] base in
                let found = try memory.step { state, now in state.cacheRules.first { $0.leaseUntil <= now }?.rule }
                for _ in 0..<20 { await Task.yield() }
                _ = try await base.claimRule()
                return found
            }
        },
        CacheMutant("a step of a purge says nothing", caughtBy: claimed) { lab in
            lab.store.onPurge = { [memory = lab.memory] base, rule, limit in
                let before = try memory.step { state, _ in state.cacheRules.first?.leaseUntil }
                let step = try await base.purge(rule, limit: limit)
                try memory.step { state, _ in
                    if let before, !state.cacheRules.isEmpty { state.cacheRules[0].leaseUntil = before }
                }
                return step
            }
        },
        CacheMutant("the dead are not cleared up after", caughtBy: finished) { lab in
            lab.cache.onMaintain = { _ in CacheUpkeep() }
        },
        CacheMutant("the living are cleared up after", caughtBy: finished) { lab in
            lab.cache.onMaintain = { [store = lab.store] base in
                var done = try await base.maintain()
                for rule in try await store.rules() { done.purged += try await store.purge(rule, limit: 1_000).removed }
                return done
            }
        },
        CacheMutant("rules are left to others", caughtBy: "an invalidation that comes to its end leaves no rule behind")
        {
            lab in
            lab.cache.onInvalidate = { [store = lab.store] _, pattern in
                _ = try await store.invalidate(pattern)
                return CacheOutcome([.l3: .done(changes: 0)])
            }
        },
    ]
}

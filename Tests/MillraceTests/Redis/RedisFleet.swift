import Foundation
import MillraceCaching
import MillraceRedis
import MillraceSQLite
import MillraceTesting
import Synchronization
import TestServers

@testable import Millrace

/// Machines over one store and one Redis server, by the host's clocks.
struct RedisFleet: Sendable {
    let location: StoreLocation
    let url: String

    /// Gives a test a fleet over a file of its own.
    static func with<Value: Sendable>(
        _ server: RedisServer, _ body: (RedisFleet) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-fleet-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(
            RedisFleet(location: .file(folder.appendingPathComponent("m.db").path), url: server.url()))
    }

    /// A machine that begins now, by a server of its own name or that of all.
    func machine(url: String? = nil) async throws -> RepositoryFactory {
        try await RepositoryFactory(
            store: location, redis: try RedisConfiguration(url ?? self.url, environment: [:]))
    }

    /// Lets machines work and puts them out of service afterwards.
    func withMachines<Value: Sendable>(
        _ count: Int, _ body: ([RepositoryFactory]) async throws -> Value
    ) async throws -> Value {
        var machines: [RepositoryFactory] = []
        for _ in 0..<count { machines.append(try await machine()) }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(machines))
        } catch {
            result = .failure(error)
        }
        for machine in machines { await machine.close() }
        return try result.get()
    }

    /// Caches of so many machines, for which time stands still and Redis has all it needs: none falls out of step with the
    /// store because this host is busy, and then makes by itself what it cannot wait for.
    func withCachesInStep(_ count: Int, _ body: ([TieredCache]) async throws -> Void) async throws {
        guard let path = location.path else { throw StoreError(.invalid, "only files") }
        var machines: [(cache: TieredCache, client: RedisClient)] = []
        defer {
            for machine in machines {
                machine.cache.close()
                machine.client.close()
            }
        }
        for _ in 0..<count {
            let store = try await SQLiteStore.open(path: path)
            let client = try RedisClient(
                RedisConfiguration(url + "?timeout=60s&connect_timeout=60s", environment: [:]))
            var options = TieredCache.Options()
            options.shared = RedisCacheTier(client, storeID: try await store.identity())
            options.time = SteadyTime(ManualClock())
            machines.append((TieredCache(store: SQLiteCacheStore(store), options: options), client))
        }
        try await body(machines.map(\.cache))
    }

    /// Which tier answers a machine that begins now.
    func tier(of key: CacheKey) async throws -> CacheTierName? {
        let machine = try await machine()
        let hit = try await machine.cacheRepository().get(key)
        await machine.close()
        return hit?.tier
    }
}

/// Counts loads from any task.
final class LoadCounter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .sequentiallyConsistent) }

    func increment() {
        count.add(1, ordering: .sequentiallyConsistent)
    }
}

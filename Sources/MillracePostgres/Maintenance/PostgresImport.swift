internal import Foundation
public import MillraceCore

/// Takes over everything that another store holds, all of it or nothing.
public struct PostgresImport: Sendable {
    /// Reads the rows of a table behind a key, in order, from the first for `nil`; none when there are no more.
    public typealias Source = @Sendable (StoreTable, StoreValue?) async throws(StoreError) -> [[StoreValue]]

    private let store: PostgresStore

    /// Uses an open store.
    public init(_ store: PostgresStore) {
        self.store = store
    }

    /// Copies all tables in one transaction, and compares what has arrived with what was sent.
    ///
    /// Nobody else writes to the store meanwhile. When the task is cancelled or the connection breaks, nothing has changed.
    ///
    /// `cacheVersion` is the version of the value that was last put into the other store's cache. `onTable` is called with
    /// each table that has arrived whole, and its rows.
    ///
    /// - Returns: the digests of the tables by their names.
    /// - Throws: `conflict` when the store is not empty, `corrupted` when something arrived otherwise than it was sent;
    ///   what `source` throws.
    public func run(
        cacheVersion: Int64, from source: Source, onTable: @Sendable (StoreTable, Int) -> Void = { _, _ in }
    ) async throws(StoreError) -> [String: StoreTableDigest] {
        let digests = try await store.write { connection in
            try await requireEmpty(on: connection)
            var digests: [String: StoreTableDigest] = [:]
            for table in StoreTable.all {
                let target = try await Target(table, in: store.schema, on: connection)
                let sent = try await target.copy(from: source, on: connection)
                let arrived = try await target.digest(on: connection)
                guard sent.rows == arrived.rows, sent.finish() == arrived.finish() else {
                    throw StoreError(
                        .corrupted,
                        """
                        \(table.name) did not arrive as it was sent (\(sent.rows) rows sent, \(arrived.rows) arrived); \
                        nothing was copied, please report this
                        """)
                }
                digests[table.name] = sent
                onTable(table, sent.rows)
            }
            try await connection.execute(
                "UPDATE \(store.schema).store_state SET value = $1 WHERE name = 'cache_version'",
                [.text("\(cacheVersion)")])
            // New samples come behind those that have arrived.
            _ = try await connection.rows(
                """
                SELECT setval(pg_get_serial_sequence($1, 'id'), coalesce(max(id), 0) + 1, false)
                FROM \(store.schema).metrics
                """, [.text("\(store.schema).metrics")]
            ) { try $0.value(Int64.self) }
            // Claims read from the first chunk that nobody has had.
            try await connection.execute(
                """
                UPDATE \(store.schema).processing_tasks task
                SET next_chunk = coalesce(
                    (SELECT min(chunk_index) FROM \(store.schema).chunk_tasks chunk
                     WHERE chunk.processing_id = task.id AND chunk.lease_token = 0 AND chunk.status = 'PENDING'),
                    total_chunks)
                """)
            return digests
        }
        // The planner knows nothing of the rows before.
        for table in StoreTable.all { _ = try? await store.execute("ANALYZE \(store.schema).\(table.name)") }
        return digests
    }

    /// Keeps others from writing until the transaction ends.
    private func requireEmpty(on connection: PostgresConnection) async throws {
        let tables = StoreTable.all.map { "\(store.schema).\($0.name)" }
        try await connection.execute(
            "LOCK TABLE \(tables.joined(separator: ", ")) IN SHARE ROW EXCLUSIVE MODE")
        let kept = tables.map { "EXISTS (SELECT 1 FROM \($0))" }.joined(separator: " OR ")
        guard try await connection.rows("SELECT \(kept)", [], { try $0.value(Bool.self) }) == [false] else {
            throw StoreError(
                .conflict,
                "the store \(store.name) is not empty; copy into another schema (?schema=name at the URL's end)")
        }
    }

    /// A table of the store, with the types that its columns have here.
    private struct Target {
        private struct Column {
            let name: String
            let kind: StoreTable.Column.Kind
            let type: String
        }

        private let table: StoreTable
        private let name: String
        private let columns: [Column]

        init(_ table: StoreTable, in schema: String, on connection: PostgresConnection) async throws {
            let name = "\(schema).\(table.name)"
            self.table = table
            self.name = name
            let types = try await connection.rows(
                """
                SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
                WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
                """, [.text(name)]
            ) { (try $0.value(String.self), try $0.value(String.self)) }
            let byName = Dictionary(uniqueKeysWithValues: types)
            columns = try table.columns.map { column in
                guard let type = byName[column.name] else {
                    throw StoreError(
                        .corrupted, "\(name) has no column \(column.name); run millrace migrate --check")
                }
                return Column(name: column.name, kind: column.kind, type: type)
            }
        }

        private var list: String { columns.map(\.name).joined(separator: ", ") }

        /// Sends all rows, and tells what was sent.
        func copy(from source: Source, on connection: PostgresConnection) async throws -> StoreTableDigest {
            var digest = StoreTableDigest()
            var key: StoreValue?
            while true {
                let rows = try await source(table, key)
                guard let last = rows.last else { return digest }
                let count = try await connection.copyIn(
                    "COPY \(name) (\(list)) FROM STDIN (FORMAT binary)", rows: rows
                ) { row, copy in
                    for (value, column) in zip(row, columns) {
                        copy.append(try Self.parameter(value, type: column.type))
                    }
                }
                guard count == rows.count else {
                    throw StoreError(.corrupted, "\(count) of \(rows.count) rows arrived in \(name)")
                }
                for row in rows { digest.add(row) }
                key = last[0]
            }
        }

        /// Reads all rows in order of their key, some at a time.
        func digest(on connection: PostgresConnection) async throws -> StoreTableDigest {
            var digest = StoreTableDigest()
            var key: StoreValue?
            let order = columns[0]
            // Bytes may be many.
            let limit = columns.contains { $0.kind == .bytes } ? 20 : 500
            while true {
                let behind = key == nil ? "" : "WHERE \(order.name) > $1"
                let rows = try await connection.rows(
                    "SELECT \(list) FROM \(name) \(behind) ORDER BY \(order.name) LIMIT \(limit)",
                    key.map { [try Self.parameter($0, type: order.type)] } ?? []
                ) { row in try columns.map { try Self.value($0.kind, &row) } }
                guard let last = rows.last else { return digest }
                for row in rows { digest.add(row) }
                key = last[0]
            }
        }

        private static func parameter(_ value: StoreValue, type: String) throws -> PostgresParameter {
            switch value {
            case .null: .null
            case .integer(let number):
                switch type {
                case "smallint": .int2(try fitting(number))
                case "integer": .int4(try fitting(number))
                default: .int8(number)
                }
            case .real(let number): .float8(number)
            case .flag(let flag): .bool(flag)
            case .text(let text): .text(text)
            case .id(let id): .uuid(id)
            case .time(let time): .time(time)
            case .json(let json): .json(json.text)
            case .bytes(let bytes): .bytes(bytes)
            }
        }

        private static func fitting<Number: FixedWidthInteger>(_ number: Int64) throws -> Number {
            guard let fitting = Number(exactly: number) else {
                throw StoreError(
                    .invalid, "the number \(number) is too large for PostgreSQL's column; nothing was copied")
            }
            return fitting
        }

        private static func value(_ kind: StoreTable.Column.Kind, _ row: inout RowReader) throws -> StoreValue {
            switch kind {
            case .integer: try row.optional(Int64.self).map(StoreValue.integer) ?? .null
            case .real: try row.optional(Double.self).map(StoreValue.real) ?? .null
            case .flag: try row.optional(Bool.self).map(StoreValue.flag) ?? .null
            case .text: try row.optional(String.self).map(StoreValue.text) ?? .null
            case .id: try row.optional(UUID.self).map(StoreValue.id) ?? .null
            case .time: try row.optionalTime().map(StoreValue.time) ?? .null
            case .json: try row.optional(String.self).map { .json(JSONText(stored: $0)) } ?? .null
            case .bytes: row.optionalData().map { .bytes(Array($0)) } ?? .null
            }
        }
    }
}

internal import MillraceCore

extension PostgresConnection {
    /// Runs a statement and reads its rows.
    nonisolated(nonsending) func rows<Value>(
        _ sql: String, _ parameters: [PostgresParameter] = [], _ read: (inout RowReader) throws -> Value
    ) async throws -> [Value] {
        let rows = try await query(sql, parameters)
        var values: [Value] = []
        values.reserveCapacity(rows.count)
        for row in rows {
            var reader = RowReader(row)
            values.append(try read(&reader))
        }
        return values
    }
}

extension PostgresParameter {
    /// An identifier, or NULL for `nil`.
    static func id<Entity>(_ id: Identifier<Entity>?) -> Self { .uuid(id?.uuid) }

    /// Identifiers, as an array.
    static func ids<Entity>(_ ids: [Identifier<Entity>]) -> Self { .uuids(ids.map(\.uuid)) }

    /// A duration in whole microseconds, or NULL for `nil`; `* interval '1 microsecond'` makes an interval of it.
    static func microseconds(_ duration: Duration?) -> Self { .int8(duration?.wholeMicroseconds) }

    /// A value as a `jsonb`.
    ///
    /// - Throws: `invalid` for what no store can keep: NUL in a string, a number that is not finite.
    static func json(encoding value: some Encodable) throws(StoreError) -> Self {
        do throws(InvalidValue) {
            return .json(try JSONText(encoding: value).text)
        } catch {
            throw StoreError(.invalid, "the store cannot keep this value: \(error)", cause: error)
        }
    }
}
